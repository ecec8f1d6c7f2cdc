import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const launcher = join(import.meta.dirname, '..', '..', 'bin', 'posada.js')

export interface Ended {
  /** Null where a signal ended it. */
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** A folder of its own for a test, with a user's folders beside the project. */
export interface Place {
  /** The project's folder, where commands run. */
  dir: string
  env: NodeJS.ProcessEnv
  /** Starts the built command line here. */
  start(...args: string[]): ChildProcessWithoutNullStreams
  /** Runs it to its end, with nothing on stdin. */
  run(...args: string[]): Promise<Ended>
  /** Takes the folder away. */
  remove(): void
}

/** New machines boot, and leave no process that makes an image, where a test does not say otherwise. */
const booting = { POSADA_WARM: 'off' }

/** `name` is the project's folder; it may have spaces. */
export function makePlace(name = 'project', extra: NodeJS.ProcessEnv = {}): Place {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'posada-test-')))
  const dir = join(base, name)
  mkdirSync(dir)
  const env = {
    PATH: process.env.PATH,
    HOME: base,
    LANG: 'C.UTF-8',
    ...booting,
    ...userFolders(base),
    ...extra,
  }
  const start = (...args: string[]) => spawn(process.execPath, [launcher, ...args], { cwd: dir, env })
  return {
    dir,
    env,
    start,
    run: (...args) => {
      const child = start(...args)
      child.stdin.end()
      return ended(child)
    },
    remove: () => rmSync(base, { recursive: true, force: true }),
  }
}

function userFolders(base: string): NodeJS.ProcessEnv {
  const folder = (name: string) => {
    mkdirSync(join(base, name), { mode: 0o700 })
    return join(base, name)
  }
  return {
    XDG_DATA_HOME: folder('data'),
    XDG_STATE_HOME: folder('state'),
    XDG_CACHE_HOME: folder('cache'),
    XDG_CONFIG_HOME: folder('config'),
    XDG_RUNTIME_DIR: folder('run'),
  }
}

/** Waits for the end of a process and of its output. */
export function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** Waits until a process has written a text to stderr. */
export function says(child: ChildProcessWithoutNullStreams, text: string): Promise<void> {
  let seen = ''
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (piece: Buffer | string) => {
      seen += piece
      if (seen.includes(text)) resolve()
    })
    child.on('close', () => reject(new Error(`it ended without saying "${text}"; it said: ${seen}`)))
  })
}
