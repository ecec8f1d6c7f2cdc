import { PosadaError } from '../../errors/index.ts'
import type { LockedBox } from '../../project/index.ts'
import type { Places } from '../project.ts'

/** E_LOCK_MISMATCH with both digests; `what` goes on after the name of the box. */
export function mismatch(
  project: Places,
  { digest, name }: LockedBox,
  found: { digest: string; what: string },
): PosadaError {
  return new PosadaError('E_LOCK_MISMATCH', `the box ${name} is not the one in posada.lock: ${found.what}`, {
    value: project.paths.lockfile,
    details: [`posada.lock:  sha256:${digest}`, `found:        sha256:${found.digest}`],
    hint: 'if the new one is right, update the lock: posada box update; otherwise find out who changed it',
  })
}
