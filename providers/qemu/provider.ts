import type { Provider, ProviderContext } from '../../src/provider/index.ts'
import { machineLife, openLocal } from '../../src/provider-kit/index.ts'
import { capabilities } from './capabilities.ts'
import { writeConsole } from './console.ts'
import { makeDisks } from './disks.ts'
import { qemuFiles } from './files.ts'
import { qemu } from './hypervisor.ts'
import { pressKeys } from './keyboard.ts'
import { setLinks } from './links.ts'
import { memoryFacts } from './memory/facts.ts'
import { saveMemory } from './memory/save.ts'
import { checkQemuOptions, qemuHostOptions } from './options.ts'
import { memoryOverhead } from './overhead.ts'
import { createProbe } from './probe/index.ts'
import { readRecord, writeRecord } from './run-record.ts'
import { screenshot } from './screenshot.ts'
import { chooseHow, start } from './start.ts'

export function createQemuProvider(context: ProviderContext): Provider {
  const probe = createProbe(context)
  return {
    name: 'qemu',
    capabilities,
    probe: (options) => probe.report(options),
    checkOptions: checkQemuOptions,
    hostOptions: qemuHostOptions,
    memoryOverhead: async (spec) => memoryOverhead(spec, (await chooseHow(spec, probe)).accelerator),
    create: async (spec) => {
      await makeDisks(spec)
      if ((await readRecord(spec)) === null) await writeRecord(spec, null)
    },
    start: (spec, options) => start(spec, probe, options),
    save: saveMemory,
    load: (spec, path, { signal, layout } = {}) => start(spec, probe, { signal, memory: { path, layout } }),
    setLinks,
    memoryFacts: async (spec) => memoryFacts(spec, await chooseHow(spec, probe)),
    ...machineLife(qemu),
    writeConsole,
    screenshot,
    pressKeys,
    open: (spec, to, signal) => openLocal(spec, qemuFiles(spec), { to, signal }),
    localSocket: (spec, name) => (name === 'vsock' ? null : qemuFiles(spec)[name]),
  }
}
