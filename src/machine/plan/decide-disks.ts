import { formatSize } from '../../lib/values/units.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import { type DisksFound, noDisks } from '../disks/look.ts'
import type { Action, Reason } from './actions.ts'

interface Wanted {
  config: Machine
  disks?: DisksFound
  prune?: boolean
}

/** Disks that a new machine gets of the one before it. */
export function keptDisks({ config, disks: { sizes, kept } = noDisks }: Wanted): Reason[] {
  return config.disks
    .filter(({ name }) => kept.includes(name))
    .map(({ name, size }) => ({
      ...{ key: `disks.${name}`, from: `kept, ${formatSize(sizes[name] ?? 0)}`, to: formatSize(size) },
    }))
}

/** After each start, for a disk may have grown; and where what the guest does with one has changed. */
export function mountDisks(previous: MachineState | null, { config }: Wanted, isStarted: boolean): Action[] {
  if (config.guest === 'other') return []
  const { diskUses = {}, spec } = previous?.createdAt === undefined ? {} : (previous ?? {})
  // One that a machine was not started with waits for its next start, which `changesOf` tells.
  const has = (name: string) => isStarted || spec?.disks.some((disk) => disk.name === name) === true
  const shown = ({ filesystem, mount }: { filesystem: string; mount: string | null }) => mount ?? filesystem
  const due = config.diskUses.filter((use) => {
    const known = diskUses[use.name]
    const isSame = known?.mount === use.mount && known.filesystem === use.filesystem
    return has(use.name) && (isStarted || !isSame)
  })
  const gone = Object.keys(diskUses).filter((name) => !config.diskUses.some((use) => use.name === name))
  if (due.length + gone.length === 0) return []
  const from = (name: string) => (diskUses[name] === undefined ? null : shown(diskUses[name]))
  const why = [
    ...due.map((use) => ({
      key: `disks.${use.name}`,
      from: isStarted ? null : from(use.name),
      to: shown(use),
    })),
    ...gone.map((name) => ({ key: `disks.${name}`, from: from(name), to: null })),
  ]
  return [{ do: 'mount-disks', machine: config.name, why, disks: due.map(({ name }) => name) }]
}

/** Those that no process has any more. */
export function removeDisks(
  previous: MachineState | null,
  { config, disks: { left } = noDisks, prune = false }: Wanted,
  isStarted: boolean,
): Action[] {
  const inUse = isStarted ? [] : (previous?.spec.disks ?? []).map(({ name }) => name)
  const disks = prune ? left.filter((name) => !inUse.includes(name)) : []
  if (disks.length === 0) return []
  const why = disks.map((name) => ({ key: `disks.${name}`, from: 'not in the manifest', to: null }))
  return [{ do: 'remove-disks', machine: config.name, why, disks }]
}
