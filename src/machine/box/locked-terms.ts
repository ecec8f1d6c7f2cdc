import { PosadaError } from '../../errors/index.ts'
import { checksumText, parseChecksum } from '../../lib/values/checksum.ts'
import type { LockedBox } from '../../project/index.ts'
import type { Places } from '../project.ts'
import { otherFact } from './other-fact.ts'
import type { WantedBox } from './wanted-box.ts'

/**
 * E_LOCK_MISMATCH where the manifest says something else of a box than when it was locked: its checksum, or what
 * its file does not say itself. What is in posada.lock would silently win.
 */
export function checkTerms(project: Places, { source, config }: WantedBox, locked: LockedBox): void {
  const own = config.boxTerms.checksum === null ? null : parseChecksum(config.boxTerms.checksum)
  const wanted = own ?? (source.kind === 'url' ? source.checksum : null)
  const had = locked.checksum === undefined ? null : parseChecksum(locked.checksum)
  // By another algorithm, or of something that was locked without one, it may be of another file: no one has compared the
  // two against each other, which an update does.
  if (wanted !== null && !isOf(locked, checksumText(wanted)))
    throw changed(project, locked, {
      key: 'checksum',
      wanted: checksumText(wanted),
      had: had === null ? undefined : checksumText(had),
    })
  const isMadeOfFile = locked.url === undefined ? source.kind === 'file' : /^https?:/.test(locked.url)
  if (!isMadeOfFile || locked.recipe !== undefined) return
  const fact = otherFact(config, locked.facts)
  if (fact !== null) throw changed(project, locked, fact)
}

/** Whether a box was locked with this checksum; that of what is in a registry stands in its address as well. */
function isOf({ checksum, url }: LockedBox, wanted: string): boolean {
  return checksum === wanted || (url?.startsWith('oci://') === true && url.endsWith(`@${wanted}`))
}

function changed(
  project: Places,
  { name }: LockedBox,
  { key, wanted, had = 'none' }: { key: string; wanted: string; had: string | undefined },
): PosadaError {
  return new PosadaError(
    'E_LOCK_MISMATCH',
    `the manifest and posada.lock disagree on the ${key} of ${name}`,
    {
      value: project.paths.lockfile,
      details: [`the manifest:  ${wanted}`, `posada.lock:   ${had}`],
      hint: 'posada box update sets the lock to what the manifest says; existing machines keep what they have',
    },
  )
}
