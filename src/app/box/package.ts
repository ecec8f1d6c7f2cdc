import { type PackageOptions, type Project, packageMachine } from '../../machine/index.ts'
import { boxBudget, keepBudget } from './budget.ts'
import { boxFacts } from './facts.ts'
import { type BoxResult, boxResult } from './result.ts'

export interface PackageResult extends BoxResult {
  machine: string
  /** Whether it ran and was shut down for this. */
  halted: boolean
}

/** Makes a box of a machine; see `packageMachine`. E_BOX_SOURCE for a name or version that cannot be one. */
export async function packageBox(
  project: Project,
  { name, version, env, ...options }: PackageOptions & { env: NodeJS.ProcessEnv },
): Promise<PackageResult> {
  const named = boxFacts({ name, version })
  boxBudget(env)
  const { box, machine, halted } = await packageMachine(project, { ...options, ...named })
  const { boxes: store, user, emit } = project
  await keepBudget({ store, user, env, emit, spare: box.digest })
  return { ...boxResult(box), machine, halted }
}
