import { userBoxes } from './user-boxes.ts'

export interface RemovedBox {
  name: string
  version: string
  arch: string
  digest: string
}

/** Removes a box that no machine stands on; else E_BOX_IN_USE. */
export async function removeBox({
  name,
  env,
}: {
  name: string
  env: NodeJS.ProcessEnv
}): Promise<RemovedBox[]> {
  const { store, usedBy } = userBoxes(env)
  const removed = await store.remove(name, { usedBy })
  return removed.map(({ name, version, arch, digest }) => ({ name, version, arch, digest }))
}
