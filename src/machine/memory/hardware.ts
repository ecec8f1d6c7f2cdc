import { createHash } from 'node:crypto'
import type { MachineSpec } from '../../provider/index.ts'

/**
 * Digest of a machine as its guest sees it: what has to be the same where the guest goes on from its memory. Ports of the
 * host and paths are not among it.
 */
export function hardwareOf(spec: MachineSpec): string {
  const { uuid, arch, cpus, memory, nested, boot, disks, media = [], nics, options, display } = spec
  const seen = [
    ...[uuid, arch, cpus, memory, nested],
    boot.kind === 'kernel' ? [boot.kind, boot.cmdline] : [boot.kind, boot.firmware],
    disks.map(({ name, size }) => [name, size]),
    media.map(({ name }) => name),
    nics.map(({ kind, mac }) => [kind, mac]),
    options,
    // Digests that were recorded before there were displays stay as they are.
    ...(display === undefined ? [] : [display]),
  ]
  return createHash('sha256').update(JSON.stringify(seen)).digest('hex')
}
