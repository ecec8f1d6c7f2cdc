import { lacks, type Needs } from '../../machine/index.ts'
import { type ProbeReport, type Provider, placeOf } from '../../provider/index.ts'

export interface Choice {
  provider: Provider
  report: ProbeReport
}

/**
 * The choices that can run such a machine on this host, best first. One that the manifest has settings for comes
 * before others, one that gives guests a network before one that does not, and one that runs them on the
 * processor itself before one that emulates it. Equals stay in their order. Pure.
 */
export function ranking(choices: readonly Choice[], needs: Needs): Choice[] {
  const isAble = ({ provider, report }: Choice) =>
    report.usable && lacks(provider.capabilities(), needs).length === 0
  const named = ({ provider }: Choice) => Number(needs.settings.includes(placeOf(provider.name).provider))
  return choices.filter(isAble).sort((a, b) => named(b) - named(a) || byMerit(a, b))
}

/** Where two choices compare for a machine without wishes of its own; those that cannot run here come last. */
export function byMerit(a: Choice, b: Choice): number {
  return merit(b) - merit(a)
}

function merit({ provider, report }: Choice): number {
  const hasNetwork = provider.capabilities().network !== false
  return (report.usable ? 4 : 0) + (hasNetwork ? 2 : 0) + (report.hardware ? 1 : 0)
}
