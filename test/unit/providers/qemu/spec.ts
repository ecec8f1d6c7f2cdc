import type { HostFacts } from '../../../../providers/qemu/argv/index.ts'
import type { MachineSpec } from '../../../../src/provider/index.ts'

/** A machine with everything, as plain data. */
export function exampleSpec(changes: Partial<MachineSpec> = {}): MachineSpec {
  return {
    id: '0a1b2c3d',
    name: 'web',
    uuid: '6f1f5a52-93a1-4c55-9a53-0d6b1c3d0a1b',
    arch: 'x86_64',
    cpus: 2,
    memory: 1024 * 1024 * 1024,
    nested: false,
    boot: { kind: 'kernel', kernel: '/box/vmlinuz', initrd: '/box/initrd', cmdline: 'root=/dev/vda quiet' },
    disks: [
      {
        name: 'root',
        path: '/p/root.qcow2',
        base: { path: '/box/root.raw', format: 'raw' },
        size: 10 * 2 ** 30,
      },
      { name: 'data', path: '/p/data.qcow2', size: 2 ** 30 },
    ],
    nics: [
      {
        kind: 'user',
        mac: '52:54:00:00:00:01',
        forwards: [
          { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 2222, guestPort: 22 },
          { protocol: 'udp', hostAddress: '0.0.0.0', hostPort: 5353, guestPort: 53 },
        ],
      },
    ],
    files: {
      dataDir: '/p/data',
      runtimeDir: '/run/p',
      consoleLog: '/p/console.log',
      providerLog: '/p/provider.log',
    },
    options: {},
    ...changes,
  }
}

export function exampleHost(changes: Partial<HostFacts> = {}): HostFacts {
  return { accelerator: 'tcg', sandbox: true, uefi: null, options: { args: [] }, ...changes }
}
