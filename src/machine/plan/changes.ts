import { isDeepStrictEqual } from 'node:util'
import { fits, parseBoxSource, sourceWithChecksum } from '../../box/index.ts'
import { formatSize } from '../../lib/values/units.ts'
import { type Effect, type Kept, type Machine, settings } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import { type PortForward, placeOf } from '../../provider/index.ts'
import { wantedArch } from '../facts/arch.ts'
import { isBoxDisk } from '../facts/disk-names.ts'
import { wholeSectors } from '../facts/disk-size.ts'
import {
  type NicSetting,
  nicGiven,
  nicSettings,
  type PlainSetting,
  plainSettings,
  shownDisplay,
} from '../facts/needs.ts'
import { isSameNetworks } from '../facts/same-networks.ts'
import { shownBox } from '../facts/shown-box.ts'
import { hasShare } from '../sync/mounts.ts'

/** A setting that a machine does not have as the manifest has it now, with both as people read them. */
export interface Change {
  /** As it is written in the manifest. */
  key: string
  from: string
  to: string
  /** What it takes: a start, or another machine in its place. */
  effect: Extract<Effect, 'start' | 'remake'>
}

/** What a machine was made and last started with. */
interface Made extends Required<Known> {
  state: MachineState
}

interface Known {
  /** The digest of the manifest's user-data now; undefined where that cannot be told. */
  userData: string | null | undefined
  /** Names of disks that it was started with and whose files are gone. Left out: none. */
  gone?: readonly string[]
}

/** Null: it is as the manifest says. */
type Compare = (config: Machine, made: Made) => (Pick<Change, 'from' | 'to'> & Partial<Change>) | null

/** What the manifest says now against what a machine was made and last started with. Pure. */
export function changesOf(config: Machine, state: MachineState, { userData, gone = [] }: Known): Change[] {
  const kept = Object.keys(settings).filter(
    (name): name is Kept => isIn(plainSettings, name) || isIn(nicSettings, name) || isIn(comparisons, name),
  )
  return kept.flatMap((name) => {
    const { key, effect } = settings[name]
    const found = isIn(plainSettings, name)
      ? comparePlain(name, config, state)
      : isIn(nicSettings, name)
        ? compareNic(name, config, state)
        : comparisons[name](config, { state, userData, gone })
    return found === null ? [] : { key, effect, ...found }
  })
}

function isIn<T extends object>(table: T, name: PropertyKey): name is keyof T {
  return Object.hasOwn(table, name)
}

/** One that was not recorded, as the machine was started before there was such a setting, is not known to differ. */
function comparePlain(name: PlainSetting, config: Machine, { spec }: MachineState) {
  const shown = plainSettings[name] as (value: unknown) => string
  const [from, to] = [spec[name], config[name]]
  return from === undefined || isDeepStrictEqual(from, to) ? null : { from: shown(from), to: shown(to) }
}

/** A machine without such a NIC has nothing to compare. */
function compareNic(name: NicSetting, config: Machine, { spec }: MachineState) {
  const nic = spec.nics.find((each) => each.kind === 'user')
  const shown = nicSettings[name].shown as (given: unknown) => string
  return nic === undefined ? null : unlessEqual(shown(nic[name]), shown(nicGiven(config)[name]))
}

const comparisons = {
  box: (config, { state: { box } }) =>
    isStillTheBox(config, box) ? null : { from: `${box.name}@${box.version}`, to: shownBox(config) },
  // What the manifest says of a box is compared with posada.lock, and only for a machine that is made from it.
  boxTerms: () => null,
  provider: ({ provider }, { state }) =>
    provider === 'auto' ? null : unlessEqual(placeOf(state.provider).provider, provider),
  providers: ({ providers }, { state: { provider, spec } }) => {
    const options = providers[placeOf(provider).provider] ?? {}
    if (isDeepStrictEqual(options, spec.options)) return null
    return { from: JSON.stringify(spec.options), to: JSON.stringify(options) }
  },
  arch: (config, { state: { spec } }) => unlessEqual(spec.arch, wantedArch(config)),
  guest: ({ guest }, { state }) => unlessEqual(state.guest ?? 'linux', guest),
  disk: ({ disk }, { state: { spec } }) => {
    const size = spec.disks[0]?.size ?? 0
    const wanted = disk === null ? size : wholeSectors(disk)
    // A disk never shrinks.
    const effect = wanted > size ? 'start' : 'remake'
    return wanted === size ? null : { from: formatSize(size), to: formatSize(wanted), effect }
  },
  disks: ({ disks }, { state: { spec }, gone }) => {
    const shown = (all: readonly { name: string; size: number }[], lost: readonly string[]) =>
      listed(
        all.map(({ name, size }) => `${name} ${lost.includes(name) ? '(gone)' : formatSize(size)}`).sort(),
      )
    const own = spec.disks.filter((disk) => !isBoxDisk(disk))
    return unlessEqual(shown(own, gone), shown(disks, []))
  },
  display: ({ display }, { state: { spec } }) =>
    unlessEqual(shownDisplay(spec.display), shownDisplay(display)),
  networks: ({ networks }, { state }) => {
    const recorded = state.networks ?? []
    const shown = (all: readonly { network: string; ipv4: string }[]) =>
      listed(all.map(({ network, ipv4 }) => `${network} (${ipv4})`))
    return isSameNetworks(recorded, networks) ? null : { from: shown(recorded), to: shown(networks) }
  },
  ports: (config, { state }) => {
    const started = state.ports.map(({ movedFrom, ...port }) => ({
      ...port,
      hostPort: movedFrom ?? port.hostPort,
    }))
    return unlessEqual(listed(started.map(shownPort)), listed(config.ports.map(shownPort)))
  },
  mounts: ({ mounts }, { state: { spec } }) => {
    const { shares = [] } = spec
    const isSame = mounts.length === shares.length && mounts.every((folder) => hasShare(spec, folder))
    const [from, to] = [shares.map(({ path }) => path), mounts.map((folder) => folder.from)]
    return isSame ? null : { from: `mounted: ${listed(from)}`, to: `mounted: ${listed(to)}` }
  },
  cloudInit: (_, { state, userData }) =>
    userData === undefined ? null : unlessEqual(state.cloudInit?.userData ?? null, userData, shownDigest),
} as const satisfies Record<Exclude<Kept, PlainSetting | NicSetting>, Compare>

function unlessEqual<T>(from: T, to: T, shown: (value: T) => string = String) {
  return from === to ? null : { from: shown(from), to: shown(to) }
}

/** Of a box that is named, the version has to fit; of any other the words have to be the same. */
function isStillTheBox({ box }: Machine, made: MachineState['box']): boolean {
  const source = parseBoxSource(box, '/')
  if (source.kind !== 'name') return made.source === sourceWithChecksum(source)
  return source.name === made.name && fits(made.version, source.wanted)
}

function shownPort({ protocol, hostAddress, hostPort, guestPort }: PortForward): string {
  return `${hostAddress}:${hostPort}:${guestPort}/${protocol}`
}

function shownDigest(digest: string | null): string {
  return digest === null ? 'none' : `sha256:${digest.slice(0, 12)}`
}

function listed(all: readonly string[]): string {
  return all.length === 0 ? 'none' : all.join(', ')
}

/** Changes by what they take, as the keys of the manifest. */
export interface Pending {
  start: string[]
  remake: string[]
}

export function pendingOf(changes: readonly Change[]): Pending {
  const keys = (effect: Effect) => [
    ...new Set(changes.filter((change) => change.effect === effect).map(({ key }) => key)),
  ]
  return { start: keys('start'), remake: keys('remake') }
}

/** What has to be done for changes to take effect, for people: `memory (posada reload web)`. */
export function cures(machine: string, { start, remake }: Pending): string[] {
  return [
    ...(start.length === 0 ? [] : [`${start.join(', ')} (posada reload ${machine})`]),
    ...(remake.length === 0 ? [] : [`${remake.join(', ')} (posada destroy ${machine}, then posada up)`]),
  ]
}
