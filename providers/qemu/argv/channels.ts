import type { MachineSpec } from '../../../src/provider/index.ts'
import { qemuFiles } from '../files.ts'
import { option } from './escape.ts'
import type { Transport } from './machine.ts'

/**
 * The console is read from a FIFO and goes to a file: any number of people use it, and none holds it up. The
 * two named ports are Unix sockets on which QEMU listens: what the guest writes waits until somebody connects. Port
 * number 0 is reserved for a console (virtio 1.2, 5.3), so they have 1 and 2.
 */
export function channelArguments(spec: MachineSpec, transport: Transport): string[] {
  const { ready, agent, console } = qemuFiles(spec)
  const log = { logfile: spec.files.consoleLog, logappend: true }
  return [
    ...['-chardev', option('pipe', { id: 'console', path: console, ...log })],
    ...['-serial', 'chardev:console'],
    ...['-device', option(`virtio-serial-${transport}`, { id: 'channels' })],
    ...port({ nr: 1, id: 'ready', path: ready, name: 'org.posada.ready.0' }),
    ...port({ nr: 2, id: 'agent', path: agent, name: 'org.qemu.guest_agent.0' }),
  ]
}

interface Port {
  nr: number
  id: string
  path: string
  name: string
}

function port({ nr, id, path, name }: Port): string[] {
  return [
    ...['-chardev', option('socket', { id, path, server: true, wait: false })],
    ...['-device', option('virtserialport', { bus: 'channels.0', nr, chardev: id, name })],
  ]
}
