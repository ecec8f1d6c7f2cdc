import { noLimits } from '../../../src/lib/values/limits.ts'
import type { DiskSpec, Limits, MachineSpec, MediumSpec } from '../../../src/provider/index.ts'
import { boards } from './boards.ts'
import { option } from './escape.ts'
import type { Transport } from './machine.ts'

export function diskArguments(spec: MachineSpec, transport: Transport): string[] {
  const { disks, media = [], limits = noLimits, throwAway = false } = spec
  const throttled = throttle(limits.disk)
  const isBooted = (index: number) => spec.boot.kind === 'firmware' && index === 0
  return [
    ...(throttled === null ? [] : ['-object', JSON.stringify(throttled)]),
    ...disks.flatMap((disk, index) => [
      ...['-blockdev', JSON.stringify(image(disk, index, throwAway))],
      ...(throttled === null ? [] : ['-blockdev', JSON.stringify(throttledImage(index))]),
      ...[
        '-device',
        device(throttled === null ? `disk${index}` : `throttled${index}`, disk.name, {
          transport,
          isBooted: isBooted(index),
        }),
      ],
    ]),
    ...controller(spec),
    ...media.flatMap((medium, index) => [
      ...['-blockdev', JSON.stringify(readOnlyImage(medium, index))],
      ...[
        '-device',
        medium.disc === true
          ? drive(spec, index)
          : device(`medium${index}`, medium.name, { transport, isBooted: false }),
      ],
    ]),
  ]
}

function controller({ arch, media = [] }: MachineSpec): string[] {
  const { controller } = boards[arch].discs
  if (controller === null || !media.some(({ disc }) => disc === true)) return []
  return ['-device', option(controller, { id: 'discs' })]
}

/** Firmware looks at the first one where the first disk has nothing to boot. */
function drive({ arch, boot }: MachineSpec, index: number): string {
  const { drive: kind, bus } = boards[arch].discs
  const bootindex = boot.kind === 'firmware' && index === 0 ? 1 : undefined
  return option(kind, { drive: `medium${index}`, bus: bus(index), bootindex })
}

/**
 * Through the host's page cache, for machines of one box then share its pages; the guest's flushes
 * reach the disk, where it is to outlive a power cut. aio=threads, for native needs O_DIRECT and io_uring is forbidden in many
 * containers. Written as JSON, in which no path needs escaping of its own.
 */
function image(disk: DiskSpec, index: number, throwAway: boolean): unknown {
  const cache = { direct: false, 'no-flush': throwAway }
  return {
    driver: 'qcow2',
    'node-name': `disk${index}`,
    discard: 'unmap',
    'detect-zeroes': 'unmap',
    cache,
    file: {
      driver: 'file',
      filename: disk.path,
      aio: 'threads',
      discard: 'unmap',
      cache,
    },
  }
}

/** One group for all disks (QEMU, docs/throttle.txt); a tenth of a second may come at once, as with no burst set. */
function throttle({ iops, bandwidth }: Limits['disk']): object | null {
  if (iops === null && bandwidth === null) return null
  const limits = {
    ...(iops === null ? {} : { 'iops-total': iops }),
    ...(bandwidth === null ? {} : { 'bps-total': bandwidth }),
  }
  return { 'qom-type': 'throttle-group', id: throttleGroup, limits }
}

const throttleGroup = 'disk-limits'

function throttledImage(index: number): unknown {
  return {
    driver: 'throttle',
    'node-name': `throttled${index}`,
    'throttle-group': throttleGroup,
    file: `disk${index}`,
  }
}

function readOnlyImage(medium: MediumSpec, index: number): unknown {
  const file = { driver: 'file', filename: medium.path, 'read-only': true }
  return { driver: 'raw', 'node-name': `medium${index}`, 'read-only': true, file }
}

function device(
  node: string,
  name: string,
  { transport, isBooted }: { transport: Transport; isBooted: boolean },
): string {
  return option(`virtio-blk-${transport}`, {
    drive: node,
    // virtio 1.2, 5.2.6: 20 bytes. The guest sees it as /dev/disk/by-id/virtio-<name>.
    serial: name.slice(0, 20),
    // With a kernel of its own, QEMU's loader is what is booted first.
    bootindex: isBooted ? 0 : undefined,
  })
}
