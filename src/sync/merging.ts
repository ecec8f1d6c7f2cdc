import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { carryOut, stale } from './host-folder.ts'
import { sha256 } from './host-scan.ts'
import { thereOf } from './orders.ts'
import { below } from './paths.ts'
import type { Received } from './receive.ts'
import type { Action, Entry } from './reconcile.ts'
import type { Sights } from './run.ts'
import type { Session } from './session.ts'
import { TrashBatch } from './trash.ts'

/**
 * Merges texts that both sides changed, on the host; from there the result goes to the guest as any change does. Both versions
 * go to the trash. Returns the paths that are no longer in conflict.
 */
export async function mergeConflicts(
  session: Session,
  sights: Sights,
  actions: readonly Action[],
): Promise<Set<string>> {
  const { ancestor, guest, work } = session
  const texts = new Map<string, { base: string; host: Entry; guest: Entry }>()
  for (const action of actions) {
    const known = ancestor.get(action.path)
    if (action.do !== 'conflict' || action.host?.kind !== 'file' || action.guest?.kind !== 'file') continue
    if (known?.kind === 'file')
      texts.set(action.path, { base: known.digest, host: action.host, guest: action.guest })
  }
  const merged = new Set<string>()
  await guest.get([...texts.keys()], work, async (path, theirs) => {
    const text = texts.get(path)
    if (
      text !== undefined &&
      theirs.digest === text.guest.digest &&
      (await mergeOne(session, sights, { path, theirs, ...text }))
    )
      merged.add(path)
    if (theirs.file !== '') rmSync(theirs.file, { force: true })
  })
  return merged
}

interface Text {
  path: string
  theirs: Received
  base: string
  host: Entry
  guest: Entry
}

async function mergeOne(
  session: Session,
  sights: Sights,
  { path, theirs, base, host, guest }: Text,
): Promise<boolean> {
  const { root, work, pair, ancestor, bases } = session
  const content = await bases.merge(base, { mine: below(root, path), theirs: theirs.file, work })
  if (content === null) return false
  const file = join(work, 'merged')
  writeFileSync(file, content, { mode: 0o600 })
  const entry: Entry = { kind: 'file', mode: host.mode, size: content.length, digest: sha256(content) }
  const there = thereOf('host', path, { sight: sights.host, ancestor })
  const received = { ...theirs, file, digest: entry.digest, size: entry.size }
  const trash = new TrashBatch(pair.stateDir, 'host')
  const outcome = await carryOut(root, { path, entry, there }, { trash, received })
  if (outcome === stale || outcome.startsWith('!')) return false
  session.isHostDirty = true
  // What the guest has becomes the ancestor's: against it the host's is a change.
  ancestor.set(path, { ...guest, host: '?', guest: sights.guest.changed.get(path)?.stamp ?? '?' })
  return true
}
