import { PosadaError } from '../../errors/index.ts'
import { namesIn } from '../../lib/files/folders.ts'
import { formatSize } from '../../lib/values/units.ts'
import type { Machine } from '../../manifest/index.ts'
import { type MachinePaths, type MachineState, readKeptDisks } from '../../project/index.ts'
import { isBoxDisk } from '../facts/disk-names.ts'
import { qcow2Facts } from '../layers/qcow2-base.ts'

/** The disks of `disks:` as they are there, by their names. */
export interface DisksFound {
  /** Bytes that the guest sees of each whose file is there and that the next start takes. */
  sizes: Readonly<Record<string, number>>
  /** Those that outlive the machine, or have outlived the one before it. */
  kept: readonly string[]
  /** Those that the machine was started with and whose files are gone. */
  gone: readonly string[]
  /** Those that are not in the manifest any more, nor kept. */
  left: readonly string[]
}

export const noDisks: DisksFound = { sizes: {}, kept: [], gone: [], left: [] }

/**
 * Looks at the disks of a machine, `made` where it was: their files, and what is recorded of them. Nothing is changed.
 * E_DISK_SHRINK where the manifest says less than one has, E_STATE_FOREIGN.
 */
export async function lookAtDisks(
  paths: MachinePaths,
  config: Machine,
  made: MachineState | null,
): Promise<DisksFound> {
  const wanted = new Set(config.disks.map(({ name }) => name))
  const files = await diskFiles(paths)
  // A machine that is made takes only what was kept on purpose.
  const own = await readKeptDisks(paths)
  const there = made === null ? files.filter((name) => own.includes(name)) : files
  const recorded = [...(made?.keptDisks ?? []), ...own].filter((name) => !wanted.has(name))
  const kept = [...new Set([...config.keptDisks, ...recorded])].filter((name) => there.includes(name))
  const facts = await Promise.all(there.map((name) => qcow2Facts(paths.disk(name))))
  const sizes = there.flatMap((name, index) => {
    const fact = facts[index]
    // What cannot be read is told by the provider, which has to use it.
    return fact === undefined || typeof fact === 'string' ? [] : [[name, fact.size] as const]
  })
  const found = {
    sizes: Object.fromEntries(sizes),
    kept,
    gone: ownDisks(made).filter((name) => !files.includes(name)),
    left: there.filter((name) => !wanted.has(name) && !kept.includes(name)),
  }
  for (const { name, size, place } of config.disks) {
    const has = found.sizes[name] ?? 0
    if (size < has) throw shrinks({ name, size, has, place }, config, kept.includes(name))
  }
  return found
}

/** Names of the disks of `disks:` that have a file, whether the machine was started with them or not. */
async function diskFiles(paths: Pick<MachinePaths, 'data'>): Promise<string[]> {
  const names = (await namesIn(paths.data)).flatMap(
    (file) => /^([a-z][a-z0-9-]{0,19})\.qcow2$/.exec(file)?.[1] ?? [],
  )
  return names.filter((name) => !isBoxDisk({ name })).sort()
}

function ownDisks(made: MachineState | null): string[] {
  return (made?.spec.disks ?? []).filter((disk) => !isBoxDisk(disk)).map(({ name }) => name)
}

function shrinks(
  { name, size, has, place }: Machine['disks'][number] & { has: number },
  { name: machine }: Machine,
  isKept: boolean,
): PosadaError {
  const message = `the disk ${name} of ${machine} has ${formatSize(has)} and cannot be made smaller`
  const removal = `posada destroy ${isKept ? '--disks ' : ''}${machine}`
  return new PosadaError('E_DISK_SHRINK', message, {
    ...{ value: formatSize(size), machine, place },
    hint: `write size: ${formatSize(has)} or more, or another name for a new disk; ${removal} removes all that is on it`,
  })
}
