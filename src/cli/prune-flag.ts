import * as Flags from '@oclif/core/flags'
import { PosadaError } from '../errors/index.ts'

export const pruneFlag = Flags.boolean({
  description:
    'Destroy the machines that are no longer in the manifest, with their disks, and remove disks that are no longer in it.',
})

/** E_USAGE: a machine that left the manifest has nothing to do with those that are named. */
export function checkPrune({ prune }: { prune: boolean }, machines: readonly string[]): void {
  if (!prune || machines.length === 0) return
  throw new PosadaError('E_USAGE', '--prune and machine names cannot be combined', {
    value: machines.join(' '),
    hint: `leave out ${machines.join(' ')}, or name what to destroy: posada destroy NAME`,
  })
}
