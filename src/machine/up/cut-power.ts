import type { MachineSpec, Provider } from '../../provider/index.ts'
import type { Observed } from '../facts/observed.ts'
import type { Reporting } from '../project.ts'

/** Cuts the power of a machine that is started again, and says why. */
export async function cutPower(
  { emit }: Reporting,
  { provider, spec, observed }: { provider: Provider; spec: MachineSpec; observed: Observed },
): Promise<void> {
  const { state, detail } = observed
  const why = state === 'panicked' ? `its kernel had panicked (${detail})` : `it was ${detail}`
  const message = `${why}; its power is cut and it is started again`
  emit({ type: 'notice', level: 'warn', machine: spec.name, message })
  await provider.stop(spec, { graceful: false, timeout: 0 })
}
