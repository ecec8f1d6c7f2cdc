import type { DisplaySpec, MachineSpec } from '../../../src/provider/index.ts'
import { qemuFiles } from '../files.ts'
import { boards } from './boards.ts'
import { option } from './escape.ts'
import type { Transport } from './machine.ts'

/**
 * A screen that is reached by VNC at a Unix socket, never over TCP, with a keyboard and a tablet, which unlike a mouse
 * says where it is. A PC has a keyboard as it is (i8042).
 */
export function displayArguments(spec: MachineSpec, transport: Transport): string[] {
  const { display } = spec
  if (display === undefined) return []
  return [
    ...devices(spec, display, transport),
    ...['-vnc', option('', { vnc: `unix:${qemuFiles(spec).display}` })],
  ]
}

function devices({ arch }: MachineSpec, { width, height }: DisplaySpec, transport: Transport): string[] {
  const size = { xres: width, yres: height }
  if (transport !== 'pci')
    return ['gpu', 'keyboard', 'tablet']
      .map((kind) => `virtio-${kind}-${transport}`)
      .flatMap((kind) => ['-device', option(kind, kind.includes('gpu') ? size : {})])
  const { screen, keyboard } = boards[arch]
  const usb = ['usb-tablet', ...(keyboard ? [] : ['usb-kbd'])]
  return [
    ...['-device', option(screen, size)],
    ...['-device', option('qemu-xhci', { id: 'usb' })],
    ...usb.flatMap((kind) => ['-device', option(kind, { bus: 'usb.0' })]),
  ]
}
