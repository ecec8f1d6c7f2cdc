import { isPosadaError, PosadaError } from '../errors/index.ts'
import type { SshTarget } from './session.ts'

/** How far a connection got: nothing yet, TCP, the server's first bytes, the key exchange, the login. */
export type SshStage = 'none' | 'tcp' | 'banner' | 'handshake' | 'auth'

/** The stage that a failed connection had reached. */
export function stageReached(error: unknown): SshStage {
  if (isPosadaError(error, 'E_SSH_AUTH')) return 'handshake'
  return error instanceof ConnectError ? error.stage : 'none'
}

/** E_SSH_CONNECT, with the stage that the connection had reached. */
export class ConnectError extends PosadaError {
  readonly stage: SshStage
  constructor(target: SshTarget, what: string, { stage, cause }: { stage: SshStage; cause?: unknown }) {
    super('E_SSH_CONNECT', `no SSH connection to ${target.hostAlias}: ${what}`, {
      value: `${target.host}:${target.port}`,
      machine: target.hostAlias,
      hint: 'posada status shows whether the machine is running, posada logs --console what it printed',
      cause,
    })
    this.stage = stage
  }
}

/** What did not happen, by the stage that was reached. */
export const undone: Record<SshStage, string> = {
  none: 'the connection was not made',
  tcp: 'the server sent no SSH banner',
  banner: 'the key exchange did not finish',
  handshake: 'the login did not finish',
  auth: 'the session did not begin',
}
