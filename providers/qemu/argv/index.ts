import type { MachineSpec } from '../../../src/provider/index.ts'
import { balloonOptions } from '../balloon.ts'
import { qemuFiles } from '../files.ts'
import { bootArguments } from './boot.ts'
import { channelArguments } from './channels.ts'
import { diskArguments } from './disks.ts'
import { displayArguments } from './display.ts'
import { option } from './escape.ts'
import type { HostFacts } from './host-facts.ts'
import { machineArguments, transportOf } from './machine.ts'
import { nicArguments } from './nics.ts'
import { sandboxArguments } from './sandbox.ts'
import { shareArguments } from './shares.ts'

export { boards } from './boards.ts'
export type { Accelerator, HostFacts } from './host-facts.ts'
export { shareChannel } from './shares.ts'

/**
 * The arguments of `qemu-system-<arch>` for a machine. Pure. docs/qemu.md says why each is there.
 * What the manifest gives as `args` comes last, so that it can add to everything and override some.
 */
export function qemuArguments(spec: MachineSpec, host: HostFacts): string[] {
  const transport = transportOf(spec, host)
  return [
    ...machineArguments(spec, host),
    ...bootArguments(spec, host),
    ...diskArguments(spec, transport),
    ...nicArguments(spec, transport),
    ...shareArguments(spec, transport),
    ...channelArguments(spec, transport),
    ...displayArguments(spec, transport),
    ...['-object', option('rng-builtin', { id: 'rng0' })],
    ...['-device', option(`virtio-rng-${transport}`, { rng: 'rng0' })],
    ...['-device', option(`virtio-balloon-${transport}`, balloonOptions(spec))],
    ...(spec.endsAtReboot === true ? ['-action', 'reboot=shutdown'] : []),
    ...controlArguments(spec, host),
    ...host.options.args,
  ]
}

/**
 * The first monitor is on a socket, for us. The second reads its one command from standard input and
 * writes events to standard output, a file each: so the reason of the machine's end outlives it.
 */
function controlArguments(spec: MachineSpec, host: HostFacts): string[] {
  const files = qemuFiles(spec)
  return [
    ...['-chardev', option('socket', { id: 'qmp', path: files.qmp, server: true, wait: false })],
    ...['-mon', option('', { chardev: 'qmp', mode: 'control' })],
    ...['-chardev', option('stdio', { id: 'events', signal: false })],
    ...['-mon', option('', { chardev: 'events', mode: 'control' })],
    ...['-pidfile', files.pid],
    ...['-msg', option('', { timestamp: true })],
    ...(host.sandbox ? sandboxArguments : []),
  ]
}
