import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fetchBox, parseBoxSource } from '../../box/index.ts'
import type { Emit } from '../../events/index.ts'
import { hostArch } from '../../lib/values/arch.ts'
import { boxBudget, keepBudget } from './budget.ts'
import { type BoxFactsInput, boxFacts } from './facts.ts'
import { type BoxResult, boxResult } from './result.ts'
import { userBoxes } from './user-boxes.ts'

export interface AddOptions {
  /** A path, with or without a leading `./`, or whatever else names a box. */
  source: string
  facts: BoxFactsInput
  force: boolean
  /** Accepts a download without a checksum. */
  unchecked: boolean
  cwd: string
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** Adds a box that was built elsewhere, from wherever it is. */
export async function addBox(options: AddOptions): Promise<BoxResult> {
  const { source, facts, cwd, env, emit, signal, force, unchecked } = options
  boxBudget(env)
  const { store, user, usedBy } = userBoxes(env)
  const named = existsSync(resolve(cwd, source)) ? resolve(cwd, source) : source
  const context = { store, arch: hostArch(), emit, signal, env, catalogues: [], force, unchecked, usedBy }
  const box = await fetchBox(parseBoxSource(named, cwd), { ...context, facts: boxFacts(facts) })
  await keepBudget({ store, user, env, emit, spare: box.digest })
  return boxResult(box)
}
