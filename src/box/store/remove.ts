import { PosadaError } from '../../errors/index.ts'
import { compareVersions, parseBoxName } from '../names.ts'
import type { StorePaths } from '../store-paths.ts'
import { dropUnnamed, sweepRemovals, type UsedBy } from './place.ts'
import { listRefs, type Ref, removeRef } from './refs.ts'

/** See BoxStore.remove. */
export async function removeBox(
  paths: StorePaths,
  text: string,
  { usedBy = () => [] }: { usedBy?: UsedBy } = {},
): Promise<Ref[]> {
  const wanted = parseBoxName(text)
  const refs = (await listRefs(paths, wanted.name))
    .filter((ref) => wanted.version === null || ref.version === wanted.version)
    .sort((a, b) => compareVersions(a.version, b.version))
  if (refs.length === 0)
    throw new PosadaError('E_BOX_MISSING', `the box ${text} is not in the store`, {
      value: text,
      hint: 'posada box list shows the boxes in the store',
    })
  for (const ref of refs) {
    const users = await usedBy(ref.digest)
    if (users.length > 0) {
      const count = users.length === 1 ? 'a machine' : `${users.length} machines`
      throw new PosadaError('E_BOX_IN_USE', `${ref.name}@${ref.version} is used by ${count}`, {
        value: text,
        details: users,
        hint:
          users.length === 1
            ? 'destroy it first: posada destroy'
            : 'destroy these machines first: posada destroy',
      })
    }
  }
  for (const ref of refs) {
    await removeRef(paths, ref)
    await dropUnnamed(paths, ref.digest, usedBy)
  }
  await sweepRemovals(paths, usedBy)
  return refs
}
