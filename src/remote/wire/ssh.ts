// Not execa: its pipes are the connection, and a process that is only this starts sooner without it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { PosadaError } from '../../errors/index.ts'
import { formatHost, type HostAddress } from './address.ts'

/** What ssh(1) runs with; POSADA_SSH is a program in its place, as GIT_SSH is git's. */
export type SshEnvironment = NodeJS.ProcessEnv

/** Bytes of what ssh wrote that are kept. */
const mostWords = 4096

export interface SshChild {
  child: ChildProcess
  /** What it wrote for people, its end. */
  words: () => string[]
  /** Its exit code, once it and its output have ended; null where a signal ended it. E_HOST_LOGIN: it cannot be run. */
  ended: Promise<number | null>
}

/**
 * Runs a script on another host by ssh(1), with the user's own settings, keys and agent, whatever the login shell there is.
 * The script is POSIX sh without single quotes; `$0` in it is `word`, of letters, digits, dots and dashes.
 */
export function runBySsh(
  { user, host, port }: HostAddress,
  {
    script,
    word,
    settings,
    env,
  }: { script: string; word: string; settings: readonly string[]; env: SshEnvironment },
): SshChild {
  const program = env.POSADA_SSH || 'ssh'
  const own = ['ClearAllForwardings=yes', 'ControlMaster=no', 'ControlPath=none', 'ConnectTimeout=20']
  const child = spawn(
    program,
    [
      ...['-T', '-a', '-x', ...[...own, ...settings].flatMap((setting) => ['-o', setting])],
      ...(user === undefined ? [] : ['-l', user]),
      ...(port === undefined ? [] : ['-p', String(port)]),
      ...['--', host, `exec sh -c '${script}' ${word}`],
    ],
    { env, stdio: ['pipe', 'pipe', 'pipe'] },
  )
  let words = ''
  child.stderr.on('data', (bytes: Buffer) => {
    words = (words + bytes.toString('utf8')).slice(-mostWords)
  })
  child.stdin.on('error', () => child.stdin.destroy())
  const cannotRun = (cause: Error) =>
    new PosadaError('E_HOST_LOGIN', `${program} cannot be run: ${cause.message}`, {
      ...{ value: program, cause, hint: 'install OpenSSH: sudo apt-get install openssh-client' },
    })
  const failed = new Promise<never>((_, reject) => child.once('error', (cause) => reject(cannotRun(cause))))
  const ended = Promise.race([once(child, 'close').then(() => child.exitCode), failed])
  ended.catch(() => undefined)
  return { child, words: () => words.trim().split('\n').slice(-10), ended }
}

/** ssh itself failed: it did not get there, or was not let in. */
export function noLogin(address: HostAddress, details: readonly string[]): PosadaError {
  const shown = formatHost(address)
  return new PosadaError('E_HOST_LOGIN', `${shown} cannot be logged in to`, {
    ...{ value: shown, details },
    hint: `Posada uses ssh with your keys and settings and answers no questions: log in once by hand, ${byHand(address)}`,
  })
}

function byHand({ user, host, port }: HostAddress): string {
  return `ssh ${port === undefined ? '' : `-p ${port} `}${user === undefined ? '' : `${user}@`}${host}`
}

/** The exit code that ssh(1) has for its own failures; others are those of what ran there. */
export const ownFailure = 255
