import type { ProbeReport } from '../../provider/index.ts'
import type { Choice } from '../provider/rank.ts'
import type { ProviderRegistry } from '../provider/registry.ts'
import type { Check, DoctorResult } from './model.ts'

/**
 * Probes every built-in provider again. One that is not usable is a warning while another is; where
 * none is, all are failures.
 */
export async function checkProviders(
  providers: Pick<ProviderRegistry, 'all'>,
  signal: AbortSignal,
): Promise<{ checks: Check[]; auto: DoctorResult['auto'] }> {
  const probed = await providers.all({ fresh: true, signal })
  const best = probed.find(({ report }) => report.usable)
  const checks = probed.map(({ provider, report }) =>
    providerCheck(provider.name, report, best !== undefined),
  )
  for (const { provider, report } of probed) {
    if (report.confinement !== undefined) checks.push(confinementCheck(provider.name, report.confinement))
  }
  const auto = best === undefined ? null : { provider: best.provider.name, reason: reasonFor(best, probed) }
  return { checks, auto }
}

function reasonFor(best: Choice, all: readonly Choice[]): string {
  const how = best.report.hardware
    ? 'it runs guests on the processor itself'
    : `it emulates the processor (${best.report.accelerator})`
  const others = all.filter(({ report }) => !report.usable)
  return [how, ...others.map(({ provider, report }) => `not ${provider.name}: ${report.reason}`)].join('; ')
}

function confinementCheck(name: string, { message, hint }: NonNullable<ProbeReport['confinement']>): Check {
  const check = { name: `confinement:${name}`, message: `${name}: ${message}` }
  return hint === undefined ? { ...check, status: 'ok' } : { ...check, status: 'warn', hint }
}

function providerCheck(name: string, report: ProbeReport, another: boolean): Check {
  const version = report.version === undefined ? '' : ` ${report.version}`
  const check: Check = {
    name: `provider:${name}`,
    status: !report.usable && !another ? 'fail' : report.usable && report.hint === undefined ? 'ok' : 'warn',
    message: `${name}${version}: ${report.reason}`,
    ...(report.hint === undefined ? {} : { hint: report.hint }),
  }
  return report.packages === undefined ? check : { ...check, packages: report.packages }
}
