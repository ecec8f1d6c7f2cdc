import { Writable } from 'node:stream'
import type { ShellProbe } from '../../manifest/index.ts'
import { exec } from '../../ssh/index.ts'
import type { Answer, ProbeContext } from './answer.ts'

/** Bytes of a probe's output that are kept: its end. */
const kept = 2048
const lines = 5

/** Ready as soon as the script ends with 0. It runs as the login user, in the machine's environment. */
export async function probeShell({ script }: ShellProbe, context: ProbeContext): Promise<Answer> {
  const { session, env, signal } = context
  let text = ''
  const tail = () =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text = (text + chunk.toString('utf8')).slice(-kept)
        done()
      },
    })
  const { code } = await exec(session, ['/bin/sh', '-c', script], {
    env,
    signal,
    stdout: tail(),
    stderr: tail(),
    leaveBackground: true,
  })
  if (code === 0) return { ready: true }
  const details = text.trim() === '' ? [] : text.trimEnd().split('\n').slice(-lines)
  return { ready: false, answer: `the script ended with ${code}`, details }
}
