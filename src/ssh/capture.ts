import { Writable } from 'node:stream'
import { PosadaError } from '../errors/index.ts'
import type { ExecResult } from './channel.ts'
import { type ExecOptions, exec } from './exec.ts'
import type { RemoteCommand } from './remote-command.ts'
import type { GuestShells } from './session.ts'

export interface Captured extends ExecResult {
  stdout: string
  stderr: string
}

/**
 * Runs a command and keeps what it writes, as UTF-8. E_SSH_LOST where it writes more than `limit`
 * bytes (1 MiB unless given) to either stream: a guest is not trusted to stop.
 */
export async function capture(
  session: GuestShells,
  command: RemoteCommand,
  options: Omit<ExecOptions, 'stdout' | 'stderr'> & { limit?: number } = {},
): Promise<Captured> {
  const { limit = 1024 * 1024, ...rest } = options
  const stdout = new Store(limit)
  const stderr = new Store(limit)
  const result = await exec(session, command, { ...rest, stdout, stderr })
  return { ...result, stdout: stdout.text(), stderr: stderr.text() }
}

class Store extends Writable {
  readonly #limit: number
  readonly #chunks: Buffer[] = []
  #size = 0

  constructor(limit: number) {
    super()
    this.#limit = limit
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#size += chunk.length
    if (this.#size > this.#limit) {
      const message = `a command in the guest wrote more than the ${this.#limit} bytes expected of it`
      done(
        new PosadaError('E_SSH_LOST', message, { hint: 'the guest is misbehaving: posada logs --console' }),
      )
      return
    }
    this.#chunks.push(chunk)
    done()
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }
}
