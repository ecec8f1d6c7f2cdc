import { once } from 'node:events'
import { finished, type Writable } from 'node:stream'
import { promisify } from 'node:util'
import { execa } from 'execa'
import { sleep } from '../async/sleep.ts'
import { deadlineIn } from '../async/time-limit.ts'
import { isErrno } from '../files/errno.ts'

export interface GroupOptions {
  cwd: string
  /** Over the environment of this process. */
  env: Record<string, string>
  /** Left open. */
  stdout: Writable
  stderr: Writable
  /** Ends the program and all that it started; the reason is thrown. */
  signal?: AbortSignal | undefined
}

/** Milliseconds that output may come after the program's end, from what it left in the background. */
const grace = 500
/** Milliseconds between two looks whether a group is gone. */
const look = 100

/**
 * Runs a program in a process group of its own, so that all that it starts can be ended with it, and waits for its own end.
 * `code` is 128 where a signal ended it.
 */
export async function runGroup(
  [program = '', ...args]: readonly string[],
  { cwd, env, stdout, stderr, signal }: GroupOptions,
): Promise<{ code: number; signal: string | null }> {
  signal?.throwIfAborted()
  const child = execa(program, args, {
    ...{ cwd, env, detached: true },
    ...{ stdin: 'ignore', buffer: false, reject: false },
  })
  child.stdout.pipe(stdout, { end: false })
  child.stderr.pipe(stderr, { end: false })
  const read = Promise.all([child.stdout, child.stderr].map((stream) => promisify(finished)(stream)))
  read.catch(() => undefined)
  let ended: Promise<void> | undefined
  const onAbort = () => {
    ended ??= endGroup(child.pid)
  }
  signal?.addEventListener('abort', onAbort)
  try {
    const [code, killer] = (await once(child, 'exit')) as [number | null, string | null]
    await Promise.race([read, sleep(grace)])
    await ended
    signal?.throwIfAborted()
    return { code: code ?? 128, signal: killer }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

/** SIGINT first, by which programs end what they run. */
async function endGroup(pid: number | undefined): Promise<void> {
  if (pid === undefined) return
  for (const [signal, wait] of [
    ['SIGINT', 3000],
    ['SIGTERM', 2000],
    ['SIGKILL', 2000],
  ] as const) {
    if (!isSignalled(-pid, signal)) return
    for (const deadline = deadlineIn(wait); !deadline.isOver(); await sleep(look))
      if (!isSignalled(-pid, 0)) return
  }
}

function isSignalled(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(group, signal)
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false
    throw error
  }
}
