import type { BoxEntry } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { userBoxes } from './user-boxes.ts'

export interface VerifiedBox {
  name: string
  version: string
  arch: string
  digest: string
  /** null: it is whole. */
  problem: string | null
}

/** Hashes every file again, of all boxes or those of one name; the result says which are damaged. E_BOX_MISSING. */
export async function verifyBoxes(options: {
  name: string | undefined
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}): Promise<VerifiedBox[]> {
  const { name, env, emit, signal } = options
  const { store } = userBoxes(env)
  const entries = (await store.list()).filter((entry) => name === undefined || isMeant(entry, name))
  if (name !== undefined && entries.length === 0)
    throw new PosadaError('E_BOX_MISSING', `the box ${name} is not in the store`, {
      value: name,
      hint: 'posada box list shows the boxes in the store',
    })
  const results: VerifiedBox[] = []
  for (const { name, version, arch, digest } of entries) {
    signal.throwIfAborted()
    const step = { step: `verify:${digest}`, message: `${name}@${version} (${arch})` }
    emit({ type: 'step', status: 'start', ...step })
    const begun = performance.now()
    const problem = await store.verify(digest)
    const status = problem === null ? 'done' : 'fail'
    emit({ type: 'step', status, ...step, ms: performance.now() - begun })
    results.push({ name, version, arch, digest, problem: problem?.message ?? null })
  }
  return results
}

function isMeant({ name, version }: BoxEntry, text: string): boolean {
  return text === name || text === `${name}@${version}`
}
