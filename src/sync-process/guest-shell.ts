import { PassThrough } from 'node:stream'
import { exec, type GuestShells } from '../ssh/index.ts'
import type { GuestChannel, GuestShell } from '../sync/index.ts'

/** Commands in a guest, as its login user, over an SSH connection. What they started ends with them. */
export function guestShell(session: GuestShells): GuestShell {
  return {
    async open(command, signal): Promise<GuestChannel> {
      const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
      const stop = new AbortController()
      const signals = signal === undefined ? [stop.signal] : [stop.signal, signal]
      const end = () => {
        stdout.end()
        stderr.end()
      }
      const ended = exec(session, ['/bin/sh', '-c', command], {
        stdin,
        stdout,
        stderr,
        signal: AbortSignal.any(signals),
      })
      // A connection that broke off has no exit code, and neither has what was stopped.
      const exit = ended.then(
        ({ code }) => code,
        () => null,
      )
      exit.then(end, end)
      return { stdin, stdout, stderr, exit, close: () => stop.abort(new Error('closed')) }
    },
  }
}
