import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type ProcessIdentity, processIdentity, readProc } from '../lib/process/process-identity.ts'

const run = promisify(execFile)

/**
 * The first process whose command line `fits`, or null. Looks at all processes, which takes some milliseconds.
 * Without /proc arguments that hold spaces come apart.
 */
export async function findProcess(
  fits: (argv: readonly string[]) => boolean,
): Promise<ProcessIdentity | null> {
  if (process.platform !== 'linux') return await searchWithPs(fits)
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || !fits(await commandLine(Number(name)))) continue
    const identity = await processIdentity(Number(name))
    if (identity !== null) return identity
  }
  return null
}

/** The arguments of a process, its program first; empty where there is none or it is not ours to see. Source: proc(5). */
export async function commandLine(pid: number): Promise<string[]> {
  if (process.platform !== 'linux') {
    const { stdout } = await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(
      (error: { code?: unknown }) => (error.code === 1 ? { stdout: '' } : Promise.reject(error)),
    )
    return stdout.trim().split(' ')
  }
  return (await readProc(pid, 'cmdline'))?.split('\0') ?? []
}

async function searchWithPs(fits: (argv: readonly string[]) => boolean): Promise<ProcessIdentity | null> {
  const { stdout } = await run('ps', ['-axww', '-o', 'pid=,command='], { maxBuffer: 16 * 1024 * 1024 })
  for (const line of stdout.split('\n')) {
    const [pid, ...argv] = line.trim().split(' ')
    if (fits(argv)) return await processIdentity(Number(pid))
  }
  return null
}
