export { type Conversion, convert } from './convert.ts'
export type { LeftOut } from './draft.ts'
