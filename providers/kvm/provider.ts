import { dirname } from 'node:path'
import type { Provider, ProviderContext } from '../../src/provider/index.ts'
import { machineLife, openLocal } from '../../src/provider-kit/index.ts'
import { capabilities } from './capabilities.ts'
import { kvmFiles } from './files.ts'
import { askMetrics, kvm } from './hypervisor.ts'
import { checkKvmOptions } from './options.ts'
import { probe } from './probe/index.ts'
import { entryPoint } from './process/entry-points.ts'
import { start } from './start.ts'

/**
 * Nothing here loads the FFI but `create`, which reads disks: a status must not wait for native code.
 *
 * @param entries folder of the built files of processes and threads, where it is not dist/
 */
export function createKvmProvider(context: ProviderContext, entries?: string): Provider {
  const { cacheDir } = context
  const folder = () => dirname(entryPoint('kvm-vmm', entries))
  return {
    name: 'kvm',
    capabilities,
    probe: (options) => probe(cacheDir, entries, options),
    checkOptions: checkKvmOptions,
    create: async (spec) => (await import('./create.ts')).create(spec, cacheDir),
    start: (spec, options) => start({ spec, entries: folder(), cacheDir }, options?.signal),
    save: async (spec, path, options) => (await import('./save.ts')).saveMemory(spec, path, options),
    load: (spec, memory, options) => start({ spec, entries: folder(), cacheDir, memory }, options?.signal),
    memoryFacts: async () => (await import('./save.ts')).memoryFacts(),
    ...machineLife(kvm),
    metrics: askMetrics,
    open: (spec, to, signal) => openLocal(spec, kvmFiles(spec), { to, signal }),
    localSocket: (spec, name) => (name === 'display' ? null : kvmFiles(spec)[name]),
  }
}
