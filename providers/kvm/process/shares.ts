import { PosadaError } from '../../../src/errors/index.ts'
import type { Ram } from '../memory/ram.ts'
import { fsFeatures, fsQueueSizes } from '../virtio/devices/fs/device.ts'
import { BackEnd } from '../virtio/vhost-user/back-end.ts'
import type { Log } from './machine-log.ts'
import type { VmmConfig } from './vmm-config.ts'

/** A folder of the host, through all restarts of the guest. */
export interface OpenShare {
  tag: string
  backEnd: BackEnd
  /** Resolves when the folder can be mounted; rejects with E_KVM_START. */
  ready: Promise<void>
}

/** Takes up the connections to what serves the folders, which maps the RAM. */
export function openShares(
  { spec, shares: descriptors }: Pick<VmmConfig, 'spec' | 'shares'>,
  ram: Ram,
  log: Log,
): OpenShare[] {
  const { shares = [], name } = spec
  return shares.map(({ tag, path }, index) => {
    const fd = descriptors[index]
    if (fd === undefined || ram.file === null) throw new Error('a folder without what serves it')
    const backEnd = new BackEnd(fd, {
      ram: { fd: ram.file, regions: ram.mappings },
      queues: fsQueueSizes.length,
      features: fsFeatures,
      onDown: (reason) => log(`what serves ${path} is gone: ${reason}`),
    })
    const ready = backEnd.ready.catch((error: Error) => {
      throw new PosadaError('E_KVM_START', `virtiofsd does not serve ${path}: ${error.message}`, {
        ...{ machine: name, value: path, hint: 'use type: mirror' },
      })
    })
    // It is met where it is awaited, which is later.
    ready.catch(() => undefined)
    return { tag, backEnd, ready }
  })
}
