import type { Ancestor } from './ancestor.ts'
import type { GuestFolder } from './guest-folder.ts'
import type { Ignored } from './ignored.ts'
import type { Listing } from './listing.ts'
import { parentOf } from './reconcile.ts'
import { Finder, type Scope, type Sight } from './sight.ts'

interface Looking {
  ancestor: Ancestor
  ignored: Ignored
}

/** How the guest's folder differs from the common ancestor. */
export async function scanGuest(
  guest: GuestFolder,
  looking: Looking,
  scope: Scope,
): Promise<Sight & { count: number; inode: string }> {
  const parents = scope === 'all' ? [] : parentsOf(scope)
  const listing = await guest.list({ deep: scope === 'all' ? 'all' : scope, shallow: ['.', ...parents] })
  const finder = new Finder('guest', { ...looking, now: listing.now })
  take(finder, listing, new Set(parents))
  const sight = await finder.finish(scope, (suspects) => guest.digests(suspects))
  return { ...sight, count: finder.count, inode: listing.found.find(({ path }) => path === '')?.inode ?? '' }
}

/** Only what is reached through folders: `find` follows links that stand in the path of what it is asked for. */
function take(finder: Finder, listing: Listing, parents: ReadonlySet<string>): void {
  const root = listing.found.find(({ path }) => path === '')
  const kinds = new Map(listing.found.map(({ path, kind }) => [path, kind]))
  const isReached = (path: string): boolean => {
    const parent = parentOf(path)
    return parent === null || (kinds.get(parent) === 'folder' && isReached(parent))
  }
  for (const listed of listing.found) {
    const { path } = listed
    if (path === '' || !isReached(path)) continue
    if (listed.device !== root?.device) finder.refuse(path, 'it is on another file system')
    else if (!parents.has(path)) finder.see(path, listed)
  }
  for (const path of listing.closed) if (path !== '') finder.refuse(path, 'it cannot be read in the guest')
}

function parentsOf(paths: readonly string[]): string[] {
  const found = new Set<string>()
  for (const path of paths) for (let at = parentOf(path); at !== null; at = parentOf(at)) found.add(at)
  for (const path of paths) found.delete(path)
  return [...found]
}
