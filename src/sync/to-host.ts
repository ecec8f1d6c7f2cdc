import { rmSync } from 'node:fs'
import type { GuestFolder } from './guest-folder.ts'
import { carryOut, type Order, type Outcome } from './host-folder.ts'
import type { Received } from './receive.ts'
import type { TrashBatch } from './trash.ts'

export interface HostPlace {
  root: string
  /** A folder on the same file system, for what is on its way. */
  work: string
  trash: TrashBatch
}

/** Carries orders out on the host: fetches what comes, then puts it in place, a path at a time. */
export async function carryToHost(
  { root, work, trash }: HostPlace,
  guest: GuestFolder,
  { removing, coming }: { removing: readonly Order[]; coming: readonly Order[] },
): Promise<Map<string, Outcome>> {
  const wanted = coming.filter(
    ({ entry, there }) =>
      entry?.kind !== 'folder' && (entry?.digest !== there?.digest || entry?.kind !== there?.kind),
  )
  const came = new Map<string, Received>()
  await guest.get(
    wanted.map(({ path }) => path),
    work,
    async (path, received) => void came.set(path, received),
  )
  const outcomes = new Map<string, Outcome>()
  for (const order of [...removing, ...coming])
    outcomes.set(order.path, await carryOut(root, order, { trash, received: came.get(order.path) }))
  for (const { file } of came.values()) if (file !== '') rmSync(file, { force: true })
  return outcomes
}
