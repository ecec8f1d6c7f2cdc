import { join } from 'node:path'
import type { PosadaError } from '../../errors/index.ts'
import { exists, namesIn } from '../../lib/files/folders.ts'
import { isDamage, type MachineState, readIdentity, readState, unlessDamaged } from '../../project/index.ts'
import type { MachineStatus, Provider } from '../../provider/index.ts'
import type { Observed } from '../facts/observed.ts'
import type { Places, Providing } from '../project.ts'
import { conditionOf, observedAs } from './observe.ts'

/** What a decision about a machine goes by. */
export type Sight = Sighted | Unsighted

/** A machine that was made, or begun. */
export interface Sighted {
  observed: Observed
  previous: MachineState
  provider: Provider
  found: MachineStatus
  error: null
}

interface Unsighted {
  observed: Observed
  previous: null
  /** Why its records cannot be read; null: there are none. */
  error: PosadaError | null
}

/** No one reaches it, and it has no memory that it could begin from again. */
const halfCopied = { state: 'overdue', detail: 'not a machine of its own yet' } as const

function isHalfCopied({ copy }: MachineState, found: MachineStatus): boolean {
  return copy?.due === true && found.state === 'running'
}

/** Looks at a machine, whose lock is held: its records, and its hypervisor. Nothing is changed. */
export async function look(project: Places & Providing, name: string): Promise<Sight> {
  const paths = project.paths.machine(name)
  try {
    const previous = await readState(paths)
    if (previous === null) {
      const isLeft = await exists(paths.keptDisks)
      // Kept disks are what a machine left that is destroyed.
      const left = isLeft ? [paths.keptDisks, paths.data, paths.snapshots] : []
      const isBegun = (await namesIn(paths.dir)).some(
        (file) => ![paths.lock, ...left].includes(join(paths.dir, file)),
      )
      return { previous, observed: { state: isBegun ? 'created' : 'absent', detail: null }, error: null }
    }
    const provider = await project.providers.get(previous.provider)
    const condition = await conditionOf(provider, previous)
    const { found } = condition
    const observed = isHalfCopied(previous, found) ? halfCopied : observedAs(condition)
    return { previous, provider, found, observed, error: null }
  } catch (error) {
    if (!isDamage(error)) throw error
    const isOwn =
      error.code !== 'E_STATE_FOREIGN' || (await unlessDamaged(readIdentity(project.paths))) !== null
    return {
      previous: null,
      observed: { state: isOwn ? 'damaged' : 'foreign', detail: error.message },
      error,
    }
  }
}
