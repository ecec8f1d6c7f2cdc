import { isDeepStrictEqual } from 'node:util'
import { fits, parseBoxSource, sourceWithChecksum } from '../../box/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import { wantedArch } from '../facts/arch.ts'
import { isSame } from '../network/config.ts'

/** Names of the manifest's settings that a made machine does not have, in two classes. */
export interface Changes {
  /** Taken over at the next start. */
  atStart: string[]
  /** Only taken over by making the machine anew. */
  anew: string[]
}

/**
 * What the manifest says now against what the machine was last started with. `userData` is the digest of
 * its user-data now, undefined where that cannot be told. Pure.
 */
export function pendingChanges(
  config: Machine,
  state: MachineState,
  userData: string | null | undefined,
): Changes {
  const { spec } = state
  const rootSize = spec.disks[0]?.size ?? 0
  const atStart: string[] = []
  if (config.cpus !== spec.cpus) atStart.push('cpus')
  if (config.memory !== spec.memory) atStart.push('memory')
  if (config.disk !== null && config.disk > rootSize) atStart.push('disk')
  if (config.nested !== spec.nested) atStart.push('nested')
  if (!isSame(state.networks ?? [], config.networks)) atStart.push('networks')
  if (!isDeepStrictEqual(wantedPorts(config), startedPorts(state))) atStart.push('ports')
  if (!isDeepStrictEqual(config.providers[state.provider] ?? {}, spec.options)) atStart.push('providers')
  if (config.provider !== 'auto' && config.provider !== state.provider) atStart.push('provider')
  const anew: string[] = []
  if (!isStillTheBox(config, state)) anew.push('box')
  if (wantedArch(config) !== spec.arch) anew.push('arch')
  if (userData !== undefined && userData !== (state.cloudInit?.userData ?? null)) anew.push('cloud_init')
  return { atStart, anew }
}

/** Of a box that is named, the version has to fit; of any other the words have to be the same. */
function isStillTheBox({ box }: Machine, { box: made }: MachineState): boolean {
  const source = parseBoxSource(box, '/')
  if (source.kind !== 'name') return made.source === sourceWithChecksum(source)
  return source.name === made.name && fits(made.version, source.wanted)
}

function wantedPorts(config: Machine) {
  return config.ports.map(({ protocol, hostAddress, hostPort, guestPort }) => ({
    protocol,
    hostAddress,
    hostPort,
    guestPort,
  }))
}

function startedPorts(state: MachineState) {
  return state.ports.map(({ protocol, hostAddress, hostPort, guestPort, movedFrom }) => ({
    protocol,
    hostAddress,
    hostPort: movedFrom ?? hostPort,
    guestPort,
  }))
}
