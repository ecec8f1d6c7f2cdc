import { PosadaError } from '../../../src/errors/index.ts'
import { accessProblem, findOut } from './index.ts'

/**
 * Refuses a host on which a probe guest failed: a stock kernel would hang there without any output. A probe that did
 * not finish, on a host under load for example, does not keep a machine from being started.
 *
 * @throws PosadaError E_KVM_MISSING, E_KVM_PERMISSION, E_KVM_UNUSABLE
 */
export async function requireKvm(cacheDir: string, machine: string, signal?: AbortSignal): Promise<void> {
  const inTheWay = accessProblem()
  if (inTheWay !== null) throw inTheWay
  const { report, conclusive } = await findOut(cacheDir, undefined, signal === undefined ? {} : { signal })
  if (report.usable || !conclusive) return
  throw new PosadaError('E_KVM_UNUSABLE', report.reason, {
    machine,
    ...(report.hint === undefined ? {} : { hint: report.hint }),
  })
}
