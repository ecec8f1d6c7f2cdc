import { contractVersion, type ProviderContext, type ProviderPlugin } from '../../src/provider/index.ts'
import { requireKvm } from './probe/require.ts'
import { createKvmProvider } from './provider.ts'

export const provider: ProviderPlugin = {
  contract: contractVersion,
  name: 'kvm',
  create: (context) => onSoundHosts(context),
}

/** The provider for stock kernels. Without this guard it also runs guests of a few instructions, on any KVM. */
function onSoundHosts(context: ProviderContext) {
  const provider = createKvmProvider(context)
  const start: typeof provider.start = async (spec, options) => {
    await requireKvm(context.cacheDir, spec.name, options?.signal)
    await provider.start(spec, options)
  }
  const load: typeof provider.load = async (spec, memory, options) => {
    await requireKvm(context.cacheDir, spec.name, options?.signal)
    await provider.load?.(spec, memory, options)
  }
  return { ...provider, start, load }
}
