import { contractVersion, type ProviderPlugin } from '../../src/provider/index.ts'
import { createQemuProvider } from './provider.ts'

export const provider: ProviderPlugin = {
  contract: contractVersion,
  name: 'qemu',
  create: createQemuProvider,
}
