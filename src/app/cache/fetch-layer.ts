import { type BoxStore, fetchBox, parseBoxSource, type StoredBox } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import type { LockedLayer, UserPaths } from '../../project/index.ts'
import { machinesOnBox } from '../box/users.ts'
import { keepLayerBudget } from './budget.ts'

interface Into {
  /** Of layers. */
  store: BoxStore
  user: UserPaths
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** Gets the very layer that posada.lock names, and no other. E_LOCK_MISMATCH, and what fetching a box throws. */
export async function fetchLayer(
  { url, digest, arch }: LockedLayer,
  name: string,
  { store, user, ...context }: Into,
): Promise<StoredBox> {
  const accept = (found: string) => {
    if (found === digest) return
    throw new PosadaError('E_LOCK_MISMATCH', `${url} is not the layer that posada.lock has`, {
      value: url,
      details: [`expected sha256:${digest}`, `got      sha256:${found}`],
      hint: 'posada cache push puts it there again',
    })
  }
  const usedBy = (box: string) => machinesOnBox({ store, user }, box)
  const source = parseBoxSource(url, '/')
  const box = await fetchBox(source, {
    ...context,
    store,
    arch,
    catalogues: [],
    names: [name],
    usedBy,
    accept,
  })
  await keepLayerBudget({ ...context, store, user, spare: box.digest })
  return box
}
