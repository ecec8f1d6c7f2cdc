import type { MachineSpec } from '../../../src/provider/index.ts'
import { shareSocket } from '../../../src/provider-kit/index.ts'
import { option } from './escape.ts'
import { sharedMemory, type Transport } from './machine.ts'

/** Source: QEMU manual, "QEMU virtio-fs shared file system". */
export function shareArguments(spec: MachineSpec, transport: Transport): string[] {
  const { shares = [], memory } = spec
  if (shares.length === 0) return []
  const backend = { id: sharedMemory, size: `${memory / (1024 * 1024)}M`, share: true }
  return [
    ...['-object', option('memory-backend-memfd', backend)],
    ...shares.flatMap(({ tag }, index) => [
      ...['-chardev', option('socket', { id: shareChannel(index), path: shareSocket(spec, index) })],
      ...['-device', option(`vhost-user-fs-${transport}`, { chardev: shareChannel(index), tag })],
    ]),
  ]
}

export function shareChannel(index: number): string {
  return `share${index}`
}
