import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type ProcessIdentity, processIdentity } from '../../../src/lib/process-identity.ts'
import { readTextIfThere } from '../../../src/lib/write-file.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { qemuFiles } from '../files.ts'

/**
 * The machine's QEMU, or null. A number in a file proves nothing: the process must be a QEMU whose
 * command line has this machine's UUID. `thorough` looks through all processes where the file is
 * missing or wrong: QEMU may have been started by a command that was killed at once, before QEMU
 * had written it.
 */
export async function findQemu(
  spec: MachineSpec,
  options: { thorough: boolean },
): Promise<ProcessIdentity | null> {
  const written = Number((await readTextIfThere(qemuFiles(spec).pid))?.trim())
  const candidates = Number.isSafeInteger(written) && written > 0 ? [written] : []
  for (const pid of candidates) if (isMachine(await commandLine(pid), spec)) return await processIdentity(pid)
  return options.thorough ? await searchAll(spec) : null
}

/** Whether these arguments start this very machine. */
export function isMachine(argv: readonly string[], spec: MachineSpec): boolean {
  const at = argv.indexOf('-uuid')
  return at > 0 && argv[at + 1] === spec.uuid && argv.includes('-pidfile')
}

async function searchAll(spec: MachineSpec): Promise<ProcessIdentity | null> {
  if (process.platform !== 'linux') return await searchWithPs(spec)
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    if (isMachine(await commandLine(Number(name)), spec)) return await processIdentity(Number(name))
  }
  return null
}

async function commandLine(pid: number): Promise<string[]> {
  if (process.platform !== 'linux') {
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(
      (error: { code?: unknown }) => (error.code === 1 ? { stdout: '' } : Promise.reject(error)),
    )
    return stdout.trim().split(' ')
  }
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
  } catch (error) {
    const gone =
      error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES'].includes(String(error.code))
    if (gone) return []
    throw error
  }
}

async function searchWithPs(spec: MachineSpec): Promise<ProcessIdentity | null> {
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,command='], {
    maxBuffer: 16 * 1024 * 1024,
  })
  for (const line of stdout.split('\n')) {
    const [pid, ...argv] = line.trim().split(' ')
    if (isMachine(argv, spec)) return await processIdentity(Number(pid))
  }
  return null
}
