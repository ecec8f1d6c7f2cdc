import { basename } from 'node:path'
import { readTextIfThere } from '../../../src/lib/files/write-file.ts'
import {
  hasEnded,
  type ProcessIdentity,
  processIdentity,
  readProc,
} from '../../../src/lib/process/process-identity.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { findProcess, type OwnProcess, ownProcess } from '../../../src/provider-kit/index.ts'
import { qemuFiles } from '../files.ts'
import { qemuOptions } from '../options.ts'

/**
 * The machine's QEMU, or null. A number in a file proves nothing: the process must be a QEMU of this user's whose
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
    const found = await ownProcess(written)
    if (found === null) await untilGone(written)
    else if (isMachine(found, spec)) return await processIdentity(written)
  }
  return options.thorough ? await findProcess(spec.uuid, (found) => isMachine(found, spec)) : null
}

/** Whether it is the QEMU of this very machine: by its program, which the manifest may have named, and its arguments. */
export function isMachine({ argv, program }: OwnProcess, spec: MachineSpec): boolean {
  const name = basename(program)
  const isQemu = name.includes('qemu') || name === basename(qemuOptions(spec.options).binary ?? '')
  const at = argv.indexOf('-uuid')
  return isQemu && at > 0 && argv[at + 1] === spec.uuid && argv.includes('-pidfile')
}

/** Milliseconds; tearing down the memory of a large machine takes a tenth of a second. */
const dying = 5000

/**
 * A process that ends loses its memory first, and its command line with it; its ports and the locks
 * on its disks only after that. Whoever starts the machine again at that moment would find them taken.
 */
async function untilGone(pid: number): Promise<void> {
  const name = await readProc(pid, 'comm')
  const identity = name?.startsWith('qemu-system') ? await processIdentity(pid) : null
  if (identity !== null) await hasEnded(identity, dying)
}
