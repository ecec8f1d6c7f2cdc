import { contractVersion, type ProviderPlugin } from '../../src/provider/index.ts'
import { createKvmProvider } from './provider.ts'

export const provider: ProviderPlugin = {
  contract: contractVersion,
  name: 'kvm',
  create: (context) => createKvmProvider(context),
}
