import { readTextIfThere } from '../../../src/lib/files/write-file.ts'
import {
  hasEnded,
  type ProcessIdentity,
  processIdentity,
  readProc,
} from '../../../src/lib/process/process-identity.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { commandLine, findProcess } from '../../../src/provider-kit/index.ts'
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
  if (Number.isSafeInteger(written) && written > 0) {
    const argv = await commandLine(written)
    if (isMachine(argv, spec)) return await processIdentity(written)
    if (argv.join('') === '') await untilGone(written)
  }
  return options.thorough ? await findProcess((argv) => isMachine(argv, spec)) : null
}

/** Whether these arguments start this very machine. */
export function isMachine(argv: readonly string[], spec: MachineSpec): boolean {
  const at = argv.indexOf('-uuid')
  return at > 0 && argv[at + 1] === spec.uuid && argv.includes('-pidfile')
}

/** Milliseconds; tearing down the memory of a large machine takes a tenth of a second. */
const DYING = 5000

/**
 * A process that ends loses its memory first, and its command line with it; its ports and the locks
 * on its disks only after that. Whoever starts the machine anew at that moment would find them taken.
 */
async function untilGone(pid: number): Promise<void> {
  const name = await readProc(pid, 'comm')
  const identity = name?.startsWith('qemu-system') ? await processIdentity(pid) : null
  if (identity !== null) await hasEnded(identity, DYING)
}
