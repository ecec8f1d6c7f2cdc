import type { MachineSpec } from '../../src/provider/index.ts'
import type { Accelerator } from './argv/host-facts.ts'

const mebibyte = 2 ** 20

/** What QEMU keeps of translated code, in MiB: docs/qemu.md says why so much. Its default is 1024. */
export const translated = 192
/** In MiB, measured with QEMU 7.2: its own, what TCG needs beside translated code, and the guard's process. */
const qemu = 96
const tcg = 32
const ofGuard = 56
/** What serves a folder. */
const ofShare = 16

/** Bytes that QEMU and the guard take beside the guest's memory. Pure. */
export function memoryOverhead({ nics, shares = [] }: MachineSpec, accelerator: Accelerator): number {
  const translation = accelerator === 'tcg' ? translated + tcg : 0
  const guard = nics.some(({ kind }) => kind === 'user') ? ofGuard : 0
  return (qemu + translation + guard + ofShare * shares.length) * mebibyte
}
