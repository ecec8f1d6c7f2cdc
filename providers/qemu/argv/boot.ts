import type { KernelBoot, MachineSpec } from '../../../src/provider/index.ts'
import { boards } from './boards.ts'
import { option } from './escape.ts'
import type { HostFacts } from './host-facts.ts'

export function bootArguments(spec: MachineSpec, host: HostFacts): string[] {
  if (spec.boot.kind === 'kernel') return kernelArguments(spec.boot, spec)
  const order = ['-boot', option('', { menu: false, strict: true })]
  if (host.uefi === null) return [...order, ...loader(spec)]
  return [
    ...order,
    ...['-blockdev', flash('uefi-code', host.uefi.code, true)],
    ...['-blockdev', flash('uefi-variables', host.uefi.variables, false)],
  ]
}

/** Of a board without firmware of its own: started as a kernel, it looks for a system on the disks. */
function loader({ arch }: MachineSpec): string[] {
  const { firmware } = boards[arch]
  return firmware === null || firmware === 'own' ? [] : ['-kernel', firmware.loaded]
}

function kernelArguments(boot: KernelBoot, spec: MachineSpec): string[] {
  return [
    ...['-kernel', boot.kernel],
    ...(boot.initrd === undefined ? [] : ['-initrd', boot.initrd]),
    ...['-append', `${boot.cmdline} ${consoles(spec)}`.trim()],
  ]
}

/** Linux says what it has to say on all, and reads from the last: admin-guide/serial-console. */
function consoles({ arch, display }: MachineSpec): string {
  return `${display === undefined ? '' : 'console=tty0 '}console=${boards[arch].console}`
}

function flash(node: string, path: string, readOnly: boolean): string {
  const file = { driver: 'file', filename: path, 'read-only': readOnly }
  return JSON.stringify({ driver: 'raw', 'node-name': node, 'read-only': readOnly, file })
}
