import type { BoxManifest } from '../../box/index.ts'
import { type Arch, debianNames } from '../../lib/values/arch.ts'
import { formatLimits, hasLimits } from '../../lib/values/limits.ts'
import { formatSize } from '../../lib/values/units.ts'
import type { Machine, Port } from '../../manifest/index.ts'
import type { Capabilities, MachineSpec, PortForward, UserNic } from '../../provider/index.ts'
import { shownBox } from './shown-box.ts'

// All that is to be said of a key of the manifest that a provider carries out, in one place.

/** Settings that a provider is given as the manifest has them, each with how people read it. */
export const plainSettings = {
  cpus: String,
  memory: formatSize,
  memoryMin: (min) => (min === null ? 'all the time' : `${formatSize(min)} at least`),
  nested: String,
  limits: formatLimits,
} as const satisfies { [K in keyof Machine & keyof MachineSpec]?: (value: Machine[K]) => string }

export type PlainSetting = keyof typeof plainSettings

/** Settings that the NIC to the outside world is given: as it is given them, absent where it has none; and for people. */
export const nicSettings = {
  hostAccess: {
    given: (access) => (access === 'all' || access.length > 0 ? access : undefined),
    shown: (access = []) => (access === 'all' ? access : access.join(', ') || 'none'),
  },
} as const satisfies NicSettings

type NicSettings = {
  [K in keyof Machine & keyof UserNic]?: {
    given: (value: Machine[K]) => UserNic[K]
    shown: (given: UserNic[K]) => string
  }
}

export type NicSetting = keyof typeof nicSettings

/** What the NIC to the outside world is given of a machine's settings. */
export function nicGiven(config: Machine): Partial<Pick<UserNic, NicSetting>> {
  const all = (Object.keys(nicSettings) as NicSetting[]).map((name) => {
    const given = nicSettings[name].given as (value: unknown) => unknown
    return [name, given(config[name])] as const
  })
  return Object.fromEntries(all.filter(([, value]) => value !== undefined))
}

/** The size of a screen, for people. */
export function shownDisplay(display: Machine['display'] | undefined): string {
  return display ? `${display.width}x${display.height}` : 'none'
}

/** What a machine asks of its provider. */
export interface Needs extends Pick<Machine, 'nested' | 'display'> {
  arch: Arch
  boot: Capabilities['boot'][number]
  /** Whether a system's installer runs in it. */
  installs?: true
  /** Whether it is given a seed. */
  media: boolean
  /** The protocols of the ports that are forwarded to it. */
  forwards: readonly PortForward['protocol'][]
  /** Whether it joins private networks, and whether it is to have no way out besides. */
  switchNics: boolean
  isolated: boolean
  /** Whether ports of the host are opened to it, and others are not. */
  hostAccess: boolean
  /** Whether it mounts folders of the host. */
  shares: boolean
  /** Whether it has disks that outlive it, or reaches ports of the host at all: of this one, that is. */
  thisHost: boolean
  /** Whether what it uses of disks and network is limited. */
  limits: boolean
  /** Whether its memory moves. */
  memoryRange: boolean
  /** Providers that the manifest has settings for. */
  settings: readonly string[]
}

/** What the manifest and the box ask for. Pure. */
export function needsOf(config: Machine, box: BoxManifest, isolated: boolean): Needs {
  return {
    arch: box.arch,
    boot: bootOf(box),
    nested: config.nested,
    display: config.display,
    media: needsSeed(config, box),
    forwards: config.ports.map(({ protocol }) => protocol),
    switchNics: config.networks.length > 0,
    isolated,
    hostAccess: config.hostAccess !== 'all' && config.hostAccess.length > 0,
    shares: config.mounts.length > 0,
    thisHost: config.keptDisks.length > 0 || config.hostAccess === 'all' || config.hostAccess.length > 0,
    limits: hasLimits(config.limits),
    memoryRange: config.memoryMin !== null,
    settings: Object.keys(config.providers),
  }
}

/** Whether a machine is given what its guest's cloud-init reads. */
export function needsSeed({ guest }: Machine, { seed }: BoxManifest): boolean {
  return seed !== undefined && guest !== 'other'
}

interface Demand {
  /** What a provider cannot do that lacks it, in words that follow "cannot". */
  text: (needs: Needs) => string
  /** Whether such a machine needs it and the provider cannot do it. */
  lacking: (can: Capabilities, needs: Needs) => boolean
  /** What to do about it, where that is not to take another provider. */
  hint?: string
  /** Where the manifest asks for it. */
  shown: (config: Machine, needs: Needs) => Shown[]
}

interface Shown {
  path: (string | number)[]
  value: string
  /** The same, of this place. */
  hint?: string
}

/** All that a machine may need of a provider, and a provider may not be able to do. */
const demands = {
  arch: {
    text: ({ arch }) => `run ${arch} guests`,
    lacking: (can, { arch }) => !can.arch.includes(arch),
    shown: (_, { arch }) => [
      {
        path: ['arch'],
        value: arch,
        hint: `QEMU does: sudo apt-get install ${debianNames[arch].emulator}`,
      },
    ],
  },
  boot: {
    text: ({ boot }) => `boot a box by ${boot}`,
    lacking: (can, { boot }) => !can.boot.includes(boot),
    shown: (config, { boot }) => [
      { ...ofBox(config), ...(boot === 'kernel' ? {} : { hint: noFirmware(config.name) }) },
    ],
  },
  media: {
    text: () => 'give a guest a seed',
    lacking: (can, { media }) => media && can.media !== true,
    shown: (config) => [ofBox(config)],
  },
  installs: {
    text: () => "run a system's installer",
    lacking: (can, { installs }) => installs === true && can.installs !== true,
    shown: (config) => [ofBox(config)],
  },
  nested: {
    text: () => 'let a guest run machines of its own',
    lacking: (can, { nested }) => nested && !can.nested,
    shown: () => [{ path: ['nested'], value: 'true' }],
  },
  display: {
    text: () => 'show a screen',
    lacking: (can, { display }) => display !== null && can.display !== true,
    shown: ({ display }) => [
      {
        path: ['display'],
        value: shownDisplay(display),
        hint: 'use provider: qemu, or leave `display` out; posada console and posada logs --console need none',
      },
    ],
  },
  limits: {
    text: () => 'limit what a machine uses of disks and network',
    lacking: (can, { limits }) => limits && can.limits !== true,
    shown: ({ limits }) => [{ path: ['limits'], value: formatLimits(limits) }],
  },
  memoryRange: {
    text: () => 'take memory from a guest and give it back (`memory: {min, max}`)',
    lacking: (can, { memoryRange }) => memoryRange && can.memoryRange !== true,
    shown: ({ memoryMin }) => [{ path: ['memory', 'min'], value: formatSize(memoryMin ?? 0) }],
  },
  switchNics: {
    text: () => 'join private networks',
    lacking: (can, { switchNics }) => switchNics && can.switchNics !== true,
    shown: ({ networks }) => [
      { path: ['networks'], value: networks.map(({ network }) => network).join(', ') },
    ],
  },
  isolation: {
    text: () => 'keep a machine from the outside world',
    // A guest without any network is kept in as it is.
    lacking: (can, { isolated }) => isolated && hasNetwork(can) && can.isolation !== true,
    shown: () => [{ path: ['networks'], value: 'isolated' }],
  },
  hostAccess: {
    text: () => 'open some ports of the host to a guest and no others',
    lacking: (can, { hostAccess }) => hostAccess && hasNetwork(can) && can.hostAccess !== true,
    shown: ({ hostAccess }) => [{ path: ['host_access'], value: String(hostAccess) }],
  },
  shares: {
    text: () => 'mount folders of the host',
    hint: 'install virtiofsd 1.12 or later (Debian 13 and later: apt-get install virtiofsd), or use type: mirror',
    lacking: (can, { shares }) => shares && can.shares !== true,
    shown: ({ mounts }) => mounts.map(({ to }) => ({ path: ['sync'], value: to })),
  },
  thisHost: {
    text: () => 'keep disks on this computer or open its ports, for a machine of another host',
    hint: 'leave it out, or run the machine on this computer',
    lacking: (can, { thisHost }) => thisHost && can.host !== undefined,
    shown: ({ keptDisks, hostAccess }) => [
      ...keptDisks.map((value) => ({ path: ['disks'], value })),
      ...(hostAccess.length > 0 ? [{ path: ['host_access'], value: String(hostAccess) }] : []),
    ],
  },
  forward: {
    text: () => 'forward ports',
    lacking: (can, { forwards }) => forwards.length > 0 && !hasNetwork(can),
    shown: ({ ports }) => ports.map(ofPort),
  },
  udpForward: {
    text: () => 'forward UDP',
    lacking: (can, { forwards }) => forwards.includes('udp') && hasNetwork(can) && !can.udpForward,
    shown: ({ ports }) => ports.filter(({ protocol }) => protocol === 'udp').map(ofPort),
  },
} as const satisfies Record<string, Demand>

/** All demands that a provider lacks for such a machine; empty where it can run it. Pure. */
export function lacks(can: Capabilities, needs: Needs): Demand[] {
  return Object.values<Demand>(demands).filter(({ lacking }) => lacking(can, needs))
}

/** How a box's machines begin to run. */
function bootOf({ kernel, firmware }: BoxManifest): Capabilities['boot'][number] {
  return kernel === undefined ? (firmware ?? 'bios') : 'kernel'
}

/** A box without a kernel of its own is booted by the boot loader on its disk; a box with one runs everywhere. */
function noFirmware(machine: string): string {
  return `with provider: auto, another one runs it. To make a box that runs here too: posada up ${machine} with that, then posada box package ${machine} --with-kernel --name local/${machine}, then box: local/${machine}`
}

function hasNetwork(can: Capabilities): boolean {
  return can.network !== false
}

function ofBox(config: Machine): Shown {
  return { path: ['box'], value: shownBox(config) }
}

function ofPort({ item, hostPort, protocol }: Port): Shown {
  return { path: ['ports', item], value: `${hostPort}/${protocol}` }
}
