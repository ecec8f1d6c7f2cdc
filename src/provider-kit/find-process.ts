// Not execa: it is for macOS, where every command that looks at a machine comes by here and would load it.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readdir, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { isErrno } from '../lib/files/errno.ts'
import { type ProcessIdentity, processIdentity, readProc } from '../lib/process/process-identity.ts'

const run = promisify(execFile)

/** A process of this user's. Anyone may give a process of theirs any arguments, a machine's UUID among them. */
export interface OwnProcess {
  /** Its program first. Without /proc, arguments with spaces in them come apart. */
  argv: readonly string[]
  /** The file that it executes, by absolute path; the first of its arguments where that cannot be told. */
  program: string
}

/**
 * The first process of this user's whose command line has `word` in it, and that `fits`; or null. Looks at the command
 * lines of all processes, which takes some milliseconds.
 */
export async function findProcess(
  word: string,
  fits: (found: OwnProcess) => boolean,
): Promise<ProcessIdentity | null> {
  for (const pid of await allProcesses()) {
    if (process.platform === 'linux' && !commandLine(pid).includes(word)) continue
    const found = await ownProcess(pid)
    const identity = found !== null && fits(found) ? await processIdentity(pid) : null
    if (identity !== null) return identity
  }
  return null
}

/**
 * Empty where there is none to be seen. At once, for there are hundreds: a file of the kernel's own is read in a tenth of
 * the time that a promise of it takes.
 */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return ''
    throw error
  }
}

/** Null where there is no such process, it is another user's, or has given its memory back already. Source: proc(5). */
export async function ownProcess(pid: number): Promise<OwnProcess | null> {
  if (process.platform !== 'linux') return await fromPs(pid)
  const [status, cmdline] = [await readProc(pid, 'status'), await readProc(pid, 'cmdline')]
  const [, effective] = /^Uid:\t\d+\t(\d+)/m.exec(status ?? '') ?? []
  if (effective !== String(process.geteuid?.()) || cmdline === null || cmdline === '') return null
  const argv = cmdline.split('\0')
  return { argv, program: (await executable(pid)) ?? argv[0] ?? '' }
}

/** Null where the process is gone, or may not be looked into (its program has rights that its user has not). */
async function executable(pid: number): Promise<string | null> {
  try {
    // So it says of a program that was replaced since.
    return (await readlink(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return null
    throw error
  }
}

async function allProcesses(): Promise<number[]> {
  if (process.platform === 'linux')
    return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const { stdout } = await run('ps', ['-axo', 'pid='], { maxBuffer: 16 * 1024 * 1024 })
  return stdout.trim().split(/\s+/).map(Number)
}

async function fromPs(pid: number): Promise<OwnProcess | null> {
  const { stdout } = await run('ps', ['-ww', '-o', 'uid=,command=', '-p', String(pid)]).catch(
    (error: { code?: unknown }) => (error.code === 1 ? { stdout: '' } : Promise.reject(error)),
  )
  const [uid, ...argv] = stdout.trim().split(/\s+/)
  const [program] = argv
  return uid === String(process.geteuid?.()) && program !== undefined ? { argv, program } : null
}
