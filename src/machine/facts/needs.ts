import type { BoxManifest } from '../../box/index.ts'
import type { Arch } from '../../lib/values/arch.ts'
import type { Machine } from '../../manifest/index.ts'
import type { Capabilities, PortForward } from '../../provider/index.ts'

/** What a machine asks of its provider. */
export interface Needs {
  arch: Arch
  boot: Capabilities['boot'][number]
  nested: boolean
  /** Whether it is given a seed. */
  media: boolean
  /** The protocols of the ports that are forwarded to it. */
  forwards: readonly PortForward['protocol'][]
  /** Whether it joins private networks, and whether it is to have no way out besides. */
  switchNics: boolean
  isolated: boolean
  /** Whether ports of the host are opened to it, and others are not. */
  hostAccess: boolean
  /** Providers that the manifest has settings for. */
  settings: readonly string[]
}

/** Something that a machine needs and a provider cannot do, in words that follow "cannot". */
export const lackTexts = {
  arch: ({ arch }) => `run ${arch} guests`,
  boot: ({ boot }) => `boot a box by ${boot}`,
  media: () => 'give a guest a seed',
  nested: () => 'let a guest run machines of its own',
  switchNics: () => 'join private networks',
  isolation: () => 'keep a machine from the outside world',
  hostAccess: () => 'open some ports of the host to a guest and no others',
  forward: () => 'forward ports',
  udpForward: () => 'forward UDP',
} as const satisfies Record<string, (needs: Needs) => string>

export type Lack = keyof typeof lackTexts

/** All that a provider lacks for such a machine; empty where it can run it. Pure. */
export function lacks(can: Capabilities, needs: Needs): Lack[] {
  const { arch, boot, nested, media, forwards, switchNics, isolated, hostAccess } = needs
  const hasNetwork = can.network !== false
  const missing: Record<Lack, boolean> = {
    arch: !can.arch.includes(arch),
    boot: !can.boot.includes(boot),
    media: media && can.media !== true,
    nested: nested && !can.nested,
    switchNics: switchNics && can.switchNics !== true,
    // A guest without any network is kept in as it is.
    isolation: isolated && hasNetwork && can.isolation !== true,
    hostAccess: hostAccess && hasNetwork && can.hostAccess !== true,
    forward: forwards.length > 0 && !hasNetwork,
    udpForward: forwards.includes('udp') && hasNetwork && !can.udpForward,
  }
  return (Object.keys(missing) as Lack[]).filter((lack) => missing[lack])
}

/** What the manifest and the box ask for. Pure. */
export function needsOf(config: Machine, box: BoxManifest, isolated: boolean): Needs {
  return {
    arch: box.arch,
    boot: bootOf(box),
    nested: config.nested,
    media: box.seed !== undefined,
    forwards: config.ports.map(({ protocol }) => protocol),
    switchNics: config.networks.length > 0,
    isolated,
    hostAccess: config.hostAccess !== 'all' && config.hostAccess.length > 0,
    settings: Object.keys(config.providers),
  }
}

/** How a box's machines begin to run. */
function bootOf({ kernel, firmware }: BoxManifest): Capabilities['boot'][number] {
  return kernel === undefined ? (firmware ?? 'bios') : 'kernel'
}
