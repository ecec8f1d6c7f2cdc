import type { StoredBox } from '../../box/index.ts'
import { seedLabel } from '../../cloud-init/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { formatSize } from '../../lib/values/units.ts'
import type { Machine } from '../../manifest/index.ts'
import { identityOf, type MachinePaths } from '../../project/index.ts'
import {
  type DiskSpec,
  type FirmwareBoot,
  type KernelBoot,
  type MachineSpec,
  type NicSpec,
  type PortForward,
  placeOf,
  type ShareSpec,
} from '../../provider/index.ts'
import { boxDiskName } from '../facts/disk-names.ts'
import { wholeSectors } from '../facts/disk-size.ts'
import { leastMemory } from '../facts/least-memory.ts'
import { needsSeed, nicGiven, type PlainSetting, plainSettings } from '../facts/needs.ts'
import { shownBox } from '../facts/shown-box.ts'

export interface SpecInputs {
  id: string
  config: Machine
  box: StoredBox
  paths: MachinePaths
  runtimeDir: string
  /** What the guest is to call itself. */
  hostName: string
  /** Chosen and free host ports, SSH's among them; null for a machine without a network, whose SSH goes over vsock. */
  forwards: PortForward[] | null
  /** NICs on private networks. */
  networks: readonly { mac: string; socket: string }[]
  /** Folders of the host that it mounts. */
  shares?: ShareSpec[]
  /** The guest is to reach nothing outside the project. */
  isolated: boolean
  /** Bytes that the first disk of the box has come to, which it keeps; 0 for one that is not made yet. */
  grown: number
  /** The name of the provider that the spec is for. */
  provider: string
}

/**
 * What a provider is given, from manifest, box and chosen ports. Pure: the same inputs give the same
 * spec, so a machine keeps its UUID and MAC for its whole life.
 */
export function machineSpec(inputs: SpecInputs): MachineSpec {
  const { id, config, box, paths } = inputs
  const { uuid, mac } = identityOf(id)
  checkMemory(config, box)
  return {
    id,
    name: config.name,
    uuid,
    arch: box.manifest.arch,
    ...asWritten(config),
    boot: boot(box, inputs.hostName, inputs.forwards === null),
    disks: [...boxDisks(inputs), ...ownDisks(inputs)],
    ...(config.throwAway === true ? { throwAway: true } : {}),
    ...(needsSeed(config, box.manifest) ? { media: [{ name: seedLabel, path: paths.seed }] } : {}),
    nics: nics(inputs, mac),
    ...(inputs.shares === undefined || inputs.shares.length === 0 ? {} : { shares: inputs.shares }),
    ...(config.display === null ? {} : { display: config.display }),
    files: {
      dataDir: paths.data,
      runtimeDir: inputs.runtimeDir,
      consoleLog: paths.consoleLog,
      providerLog: paths.providerLog,
    },
    options: config.providers[placeOf(inputs.provider).provider] ?? {},
  }
}

function asWritten(config: Machine): Pick<Machine, PlainSetting> {
  const names = Object.keys(plainSettings) as PlainSetting[]
  return Object.fromEntries(names.map((name) => [name, config[name]])) as Pick<Machine, PlainSetting>
}

function nics({ config, forwards, networks, isolated }: SpecInputs, mac: string): NicSpec[] {
  const outside: NicSpec[] =
    forwards === null
      ? []
      : [{ kind: 'user', mac, forwards, ...(isolated ? { isolated } : {}), ...nicGiven(config) }]
  return [
    ...outside,
    ...networks.map((each) => ({ kind: 'switch' as const, mac: each.mac, socket: each.socket })),
  ]
}

/** What stands on the kernel's command line for our boxes: docs/boxes.md. */
function boot(box: StoredBox, hostName: string, sshOverVsock: boolean): KernelBoot | FirmwareBoot {
  const { kernel, firmware } = box.manifest
  if (kernel === undefined) return { kind: 'firmware', firmware: firmware ?? 'bios' }
  return {
    kind: 'kernel',
    kernel: `${box.dir}/${kernel.kernel.file}`,
    ...(kernel.initrd === undefined ? {} : { initrd: `${box.dir}/${kernel.initrd.file}` }),
    cmdline: `${kernel.cmdline} posada.hostname=${hostName}${sshOverVsock ? ' posada.ssh=vsock' : ''}`,
  }
}

/** The box's first disk becomes `root`, further ones keep the order and are `disk-2`, `disk-3`… */
function boxDisks({ config, box, paths, grown }: SpecInputs): DiskSpec[] {
  return box.manifest.disks.map((disk, index) => {
    const name = boxDiskName(index)
    const wanted = index === 0 ? config.disk : null
    if (wanted !== null && wanted < disk.virtualSize) {
      throw new PosadaError(
        'E_DISK_SHRINK',
        `box ${shownBox(config)} needs a disk of ${formatSize(disk.virtualSize)} or more`,
        {
          value: formatSize(wanted),
          place: config.place('disk'),
          machine: config.name,
          hint: 'leave `disk` out to take the box as it is',
        },
      )
    }
    const size = Math.max(wholeSectors(wanted ?? disk.virtualSize), index === 0 ? grown : 0)
    return {
      name,
      path: paths.disk(name),
      base: { path: `${box.dir}/${disk.file}`, format: disk.format },
      size,
    }
  })
}

function ownDisks({ config, paths }: SpecInputs): DiskSpec[] {
  return config.disks.map(({ name, size }) => ({ name, path: paths.disk(name), size }))
}

function checkMemory(config: Machine, box: StoredBox): void {
  const least = leastMemory(config)
  if (least >= box.manifest.minMemory) return
  throw new PosadaError('E_VALUE_INVALID', `box ${shownBox(config)} needs more memory than this`, {
    value: formatSize(least),
    place: config.memoryMin === null ? config.place('memory') : config.place('memory', 'min'),
    machine: config.name,
    hint: `give it at least ${Math.ceil(box.manifest.minMemory / 2 ** 20)}MiB`,
  })
}
