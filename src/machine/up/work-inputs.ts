import type { Machine } from '../../manifest/index.ts'
import type { PlannedStep } from '../../provisioners/index.ts'
import type { Layer } from '../cache/find-layer.ts'
import type { SaveInputs } from '../cache/save-layers.ts'
import type { DisksFound } from '../disks/look.ts'
import type { HandOver } from '../guest/reach-guest.ts'
import type { Sight } from '../observed/look.ts'
import type { MemoryBudget } from '../schedule/memory-budget.ts'

/** What a machine is brought up with. */
export interface WorkInputs {
  projectId: string
  config: Machine
  memory: MemoryBudget
  /** Told when the machine needs processors no more than any other that runs. */
  onProvisioned: () => void
  sight: Sight
  disks: DisksFound
  /** Whether it boots, whatever saved memories there are. Left out: false. */
  cold?: boolean
  handOver: HandOver | undefined
  /** Null: no steps are to run. */
  plan: readonly PlannedStep[] | null
  /** What a machine that is made begins with; left out: its box, and none of its steps. */
  layer?: Layer | null
  /** Where the disk of a machine that is made is kept for others; left out: nowhere. */
  keeping?: Pick<SaveInputs, 'points' | 'original'> | null
}
