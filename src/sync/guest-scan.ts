import type { Ancestor } from './ancestor.ts'
import type { GuestFolder } from './guest-folder.ts'
import type { Ignored } from './ignored.ts'
import type { Listed } from './listing.ts'
import { parentOf } from './reconcile.ts'
import { Finder, type Scope, type Sight } from './sight.ts'

interface Looking {
  ancestor: Ancestor
  ignored: Ignored
}

/** How the guest's folder differs from the common ancestor, and which folder it is. */
export async function scanGuest(
  guest: GuestFolder,
  looking: Looking,
  scope: Scope,
): Promise<Sight & { count: number; inode: string }> {
  const finder = new Finder('guest', looking, scope)
  let root: Listed | undefined
  const see = (listed: Listed) => {
    const { path } = listed
    if (path === '') root = listed
    else if (listed.device !== root?.device) finder.refuse(path, 'it is on another file system')
    else finder.see(path, listed)
  }
  const { now, closed } =
    scope === 'all' ? await guest.list({ deep: 'all', shallow: [] }, see) : await some(guest, scope, see)
  for (const path of closed) if (path !== '') finder.refuse(path, 'it cannot be read in the guest')
  const sight = await finder.finish(now, (suspects) => guest.digests(suspects))
  return { ...sight, count: finder.count, inode: root?.inode ?? '' }
}

/** Only what is reached through folders: `find` follows links that stand in the path of what it is asked for. */
async function some(guest: GuestFolder, paths: readonly string[], see: (listed: Listed) => void) {
  const above = parentsOf(paths)
  const found = new Map<string, Listed>()
  const told = await guest.list({ deep: paths, shallow: [...above] }, (listed) =>
    found.set(listed.path, listed),
  )
  const isReached = (path: string): boolean => {
    const parent = parentOf(path)
    return parent === null || (found.get(parent)?.kind === 'folder' && isReached(parent))
  }
  const root = found.get('')
  if (root !== undefined) see(root)
  for (const [path, listed] of found) if (path !== '' && !above.has(path) && isReached(path)) see(listed)
  return told
}

function parentsOf(paths: readonly string[]): Set<string> {
  const found = new Set<string>()
  for (const path of paths) for (let at = parentOf(path); at !== null; at = parentOf(at)) found.add(at)
  for (const path of paths) found.delete(path)
  return found
}
