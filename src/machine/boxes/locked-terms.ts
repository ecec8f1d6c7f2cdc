import { PosadaError } from '../../errors/index.ts'
import { checksumText, parseChecksum } from '../../lib/checksum.ts'
import type { LockedBox } from '../../project/lockfile/model.ts'
import type { Project } from '../project.ts'
import { otherFact } from './other-fact.ts'
import type { WantedBox } from './wanted-box.ts'

/**
 * E_LOCK_MISMATCH where the manifest says something else of a box than when it was locked: its checksum, or what
 * its file does not say itself. What is in posada.lock would silently win.
 */
export function checkTerms(project: Project, { source, config }: WantedBox, locked: LockedBox): void {
  const own = config.boxTerms.checksum === null ? null : parseChecksum(config.boxTerms.checksum)
  const wanted = own ?? (source.kind === 'url' ? source.checksum : null)
  const had = locked.checksum === undefined ? null : parseChecksum(locked.checksum)
  if (wanted !== null && had !== null && wanted.algorithm === had.algorithm && wanted.hex !== had.hex)
    throw changed(project, locked, 'checksum', [checksumText(wanted), checksumText(had)])
  const isMadeOfFile = locked.url === undefined ? source.kind === 'file' : /^https?:/.test(locked.url)
  if (!isMadeOfFile || locked.recipe !== undefined) return
  const fact = otherFact(config, locked.facts)
  if (fact !== null) throw changed(project, locked, fact.key, [fact.wanted, fact.had ?? 'none'])
}

function changed(
  project: Project,
  { name }: LockedBox,
  key: string,
  [wanted, had]: [string, string],
): PosadaError {
  return new PosadaError('E_LOCK_MISMATCH', `the manifest's ${key} of ${name} is not that of posada.lock`, {
    value: project.paths.lockfile,
    details: [`the manifest:  ${wanted}`, `posada.lock:   ${had}`],
    hint: 'posada box update moves the lock to what the manifest says; machines that were made keep what they have',
  })
}
