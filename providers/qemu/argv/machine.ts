import type { MachineSpec } from '../../../src/provider/index.ts'
import { translated } from '../overhead.ts'
import { type Board, boards } from './boards.ts'
import { option } from './escape.ts'
import type { HostFacts } from './host-facts.ts'

/** How virtio devices are attached: to PCI, to the channels of s390x, or as platform devices of machine type microvm. */
export type Transport = Board['transport'] | 'device'

export function transportOf(spec: MachineSpec, host: HostFacts): Transport {
  return machineType(spec, host).startsWith('microvm') ? 'device' : boards[spec.arch].transport
}

/** The guest's memory by this name is a file that the servers of folders map, too: vhost-user has no other way to it. */
export const sharedMemory = 'ram'

const emulation = { thread: 'multi', 'tb-size': translated }

/** Processor, memory, board, identity: everything that is not a device. */
export function machineArguments(spec: MachineSpec, host: HostFacts): string[] {
  return [
    ...['-name', option('', { guest: spec.name, 'debug-threads': true })],
    ...['-uuid', spec.uuid],
    '-nodefaults',
    '-no-user-config',
    ...['-display', 'none'],
    ...[
      '-machine',
      option(machineType(spec, host), { ...boardOptions(spec, host), ...ofMemory(spec, host) }),
    ],
    ...['-accel', option(host.accelerator, host.accelerator === 'tcg' ? emulation : {})],
    ...['-cpu', host.options.cpu ?? processor(spec, host)],
    ...['-smp', option('', { cpus: spec.cpus, sockets: 1, cores: spec.cpus, threads: 1 })],
    ...['-m', option('', { size: `${spec.memory / (1024 * 1024)}M` })],
    ...['-rtc', option('', { base: 'utc' })],
    ...mappedArguments(spec, host),
  ]
}

/** As in `-machine`, without its options. */
export function machineType(spec: MachineSpec, host: Pick<HostFacts, 'options'>): string {
  return host.options.machine ?? boards[spec.arch].type
}

function boardOptions(spec: MachineSpec, host: HostFacts): Record<string, string | boolean> {
  const type = machineType(spec, host)
  const flash = host.uefi === null ? {} : { pflash0: 'uefi-code', pflash1: 'uefi-variables' }
  const { type: usual, properties, nested } = boards[spec.arch]
  // Emulated only; a real one is passed on by no accelerator yet.
  const extension =
    typeof nested === 'string' && spec.nested && host.accelerator === 'tcg' ? { [nested]: true } : {}
  if (spec.arch !== 'x86_64') return type === usual ? { ...properties, ...extension, ...flash } : flash
  if (!type.startsWith('q35') && !type.startsWith('pc')) return {}
  // SeaBIOS and the boot loader then speak on the serial console. With a kernel of its own, SeaBIOS
  // has nothing to say but terminal control sequences.
  const video = spec.boot.kind === 'firmware' && spec.boot.firmware === 'bios' ? { graphics: false } : {}
  return { vmport: false, ...video, ...flash }
}

function ofMemory({ shares = [] }: MachineSpec, { mapped }: HostFacts): Record<string, string> {
  if (mapped !== undefined) return { 'memory-backend': mapped.name }
  return shares.length === 0 ? {} : { 'memory-backend': sharedMemory }
}

/** Source: QEMU's qapi/qom.json, MemoryBackendFileProperties: the file is not opened for writing, from release 8.2 on. */
function mappedArguments({ memory }: MachineSpec, { mapped }: HostFacts): string[] {
  if (mapped === undefined) return []
  const { name: id, path, start } = mapped
  const file = { 'mem-path': path, offset: start, share: false, readonly: true, rom: false }
  return ['-object', option('memory-backend-file', { id, size: `${memory / (1024 * 1024)}M`, ...file })]
}

function processor(spec: MachineSpec, host: HostFacts): string {
  const { model: emulated, properties } = boards[spec.arch].processor
  if (host.accelerator === 'tcg') return option(emulated, properties ?? {})
  const model = 'host'
  if (spec.arch !== 'x86_64') return model
  // SVM stays on even where no one asked for it: svm=off also lowers the highest CPUID leaf, below
  // those that glibc reads the cache sizes from, and its string functions then go wrong.
  return spec.nested ? model : option(model, { vmx: false, svm: false })
}
