export { type ErrorCode, type ExitCode, errorCodes } from './codes.ts'
export { isPosadaError, type Place, PosadaError, type PosadaErrorOptions } from './posada-error.ts'
export { fromSystemError } from './system-error.ts'
export { withContext } from './with-context.ts'
