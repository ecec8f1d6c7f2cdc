import { stat } from 'node:fs/promises'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { sha256OfFile, sha256OfSparseFile } from '../../lib/files/hash-file.ts'
import type { MachinePaths, SavedMemory } from '../../project/index.ts'
import type { MachineSpec, Provider } from '../../provider/index.ts'
import { hardwareOf } from './hardware.ts'

/** Where the memory lies. */
export function memoryFile(paths: MachinePaths, { snapshot }: Pick<SavedMemory, 'snapshot'>): string {
  return snapshot === undefined ? paths.memory : paths.snapshot(snapshot).memory
}

export interface Checked {
  provider: Provider
  spec: MachineSpec
  memory: SavedMemory
  paths: MachinePaths
  /** What to do where it cannot be used. */
  hint: string
  /**
   * How its content is checked: read through, or by the mark of a file that no one has written to since; null: it was
   * read through a moment ago.
   */
  content?: 'whole' | 'mark' | null
}

/** Refuses a memory that the machine cannot go on from, before anything is done: E_MEMORY_UNUSABLE, E_CAPABILITY. */
export async function checkMemory(checked: Checked): Promise<void> {
  const { provider, spec, memory, paths, hint, content = 'whole' } = checked
  const facts = await provider.memoryFacts?.(spec)
  if (facts === undefined) throw cannotSave(provider, spec.name)
  const path = memoryFile(paths, memory)
  const why = flawOf(memory, { facts, hardware: hardwareOf(spec) }) ?? (await fileFlaw(path, memory, content))
  if (why !== null) throw unusable({ machine: spec.name, path, why, hint })
}

/** Why the memory does not fit the machine that is to go on from it; null where it does. Pure. */
export function flawOf(memory: SavedMemory, now: Pick<SavedMemory, 'facts' | 'hardware'>): string | null {
  for (const name of new Set([...Object.keys(memory.facts), ...Object.keys(now.facts)])) {
    const [then, here] = [memory.facts[name] ?? 'none', now.facts[name] ?? 'none']
    if (then !== here) return `it was saved with ${name} ${then}, and here it is ${here}`
  }
  return memory.hardware === now.hardware ? null : 'the hardware of the machine has changed'
}

/** Its size, and a mark that it keeps under any name in its file system until it is written to. */
export async function fileMark(path: string): Promise<{ size: number; mark: string }> {
  const { size, ino, mtimeNs } = await stat(path, { bigint: true })
  return { size: Number(size), mark: `${ino}:${mtimeNs}` }
}

/** Of the file of a memory. */
export function digestOf(path: string, layout?: string): Promise<string> {
  return layout === undefined ? sha256OfFile(path) : sha256OfSparseFile(path)
}

/** Why a file is not what was recorded of it; null where it is. */
export async function fileFlaw(
  path: string,
  { size, sha256, mark, layout }: Pick<SavedMemory, 'size' | 'sha256' | 'mark' | 'layout'>,
  content: Checked['content'],
): Promise<string | null> {
  try {
    const found = await fileMark(path)
    if (found.size !== size) return `it has ${found.size} bytes instead of ${size}`
    if (content === null || (content === 'mark' && mark === found.mark)) return null
    return (await digestOf(path, layout)) === sha256 ? null : 'its content has changed'
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 'it is gone'
    throw error
  }
}

/** Why disks are not those that a memory was saved with; null where they are. Pure. */
export function diskFlaw({ disks }: SavedMemory, now: Readonly<Record<string, string>>): string | null {
  const names = new Set([...Object.keys(disks), ...Object.keys(now)])
  const changed = [...names].find((name) => disks[name]?.includes(now[name] ?? '') !== true)
  return changed === undefined ? null : `disk ${changed} has been written to since`
}

interface Unusable {
  machine: string
  path: string
  why: string
  hint: string
  cause?: unknown
}

export function unusable({ machine, path, why, hint, cause }: Unusable): PosadaError {
  return new PosadaError(
    'E_MEMORY_UNUSABLE',
    `the saved memory of machine ${machine} cannot be used: ${why}`,
    {
      machine,
      value: path,
      hint,
      ...(cause === undefined ? {} : { cause }),
    },
  )
}

export function cannotSave(provider: Provider, machine: string): PosadaError {
  return new PosadaError('E_CAPABILITY', `provider ${provider.name} cannot save the memory of a machine`, {
    machine,
    value: provider.name,
    hint: `halt the machine instead: posada halt ${machine}; its disks can be saved by posada snapshot save while it is stopped`,
  })
}

/** What its server keeps of open files is on the host, and goes with it. */
export function hasMounts({ name, shares = [] }: MachineSpec): PosadaError {
  return new PosadaError(
    'E_CAPABILITY',
    `the memory of machine ${name} cannot be saved: it has folders mounted`,
    {
      machine: name,
      value: shares.map(({ path }) => path).join(', '),
      hint: `halt the machine instead: posada halt ${name}; or use type: mirror`,
    },
  )
}
