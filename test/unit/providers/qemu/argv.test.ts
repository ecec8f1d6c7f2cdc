import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { qemuArguments } from '../../../../providers/qemu/argv/index.ts'
import type { MachineSpec } from '../../../../src/provider/index.ts'
import { exampleHost, exampleSpec } from './spec.ts'

describe('qemuArguments', () => {
  test('a kernel of its own, emulated', () => {
    expect(lines(qemuArguments(exampleSpec(), exampleHost()))).toMatchSnapshot()
  })

  test('firmware of a PC, on the processor itself, without sandbox', () => {
    const spec = exampleSpec({ boot: { kind: 'firmware', firmware: 'bios' } })
    expect(lines(qemuArguments(spec, exampleHost({ accelerator: 'kvm', sandbox: false })))).toMatchSnapshot()
  })

  test('UEFI, nested, with options of its own', () => {
    const spec = exampleSpec({ boot: { kind: 'firmware', firmware: 'uefi' }, nested: true })
    const uefi = { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/p/data/uefi-variables.fd' }
    const options = { machine: 'pc', args: ['-device', 'edu'] }
    expect(lines(qemuArguments(spec, exampleHost({ accelerator: 'kvm', uefi, options })))).toMatchSnapshot()
  })

  test.each(['riscv64', 'ppc64le', 's390x'] as const)('%s, emulated', (arch) => {
    expect(lines(qemuArguments(exampleSpec({ arch }), exampleHost()))).toMatchSnapshot()
  })

  test('aarch64, emulated', () => {
    expect(lines(qemuArguments(exampleSpec({ arch: 'aarch64' }), exampleHost()))).toMatchSnapshot()
  })

  test('microvm has no PCI', () => {
    const argv = qemuArguments(exampleSpec(), exampleHost({ options: { machine: 'microvm', args: [] } }))
    expect(argv.join(' ')).not.toContain('-pci')
    expect(argv).toContain('virtio-blk-device,drive=disk0,serial=root')
  })

  test('a guest whose memory moves is asked what it has', () => {
    const argv = qemuArguments(exampleSpec({ memoryMin: 2 ** 27 }), exampleHost())
    const [balloon] = argv.filter((one) => one.startsWith('virtio-balloon'))
    expect(balloon).toContain('deflate-on-oom=on,id=balloon,guest-stats-polling-interval=2')
  })

  test('disks come in their order, each known by its name, and only the first is booted', () => {
    const disks = ['root', 'disk-2', 'data', 'a-name-of-20-letters'].map((name) => ({
      ...{ name, path: `/p/${name}.qcow2`, size: 2 ** 20 },
    }))
    const argv = qemuArguments(
      exampleSpec({ disks, boot: { kind: 'firmware', firmware: 'bios' } }),
      exampleHost(),
    )
    expect(argv.filter((each) => each.startsWith('virtio-blk-pci'))).toEqual([
      'virtio-blk-pci,drive=disk0,serial=root,bootindex=0',
      'virtio-blk-pci,drive=disk1,serial=disk-2',
      'virtio-blk-pci,drive=disk2,serial=data',
      'virtio-blk-pci,drive=disk3,serial=a-name-of-20-letters',
    ])
    expect(argv.filter((each) => each.includes('"filename":"/p/data.qcow2"'))).toHaveLength(1)
  })

  test('disks of a throw-away machine are not flushed, in the image and in its file', () => {
    const argv = qemuArguments(exampleSpec({ throwAway: true }), exampleHost()).join(' ')
    expect(argv.match(/"no-flush":true/g)).toHaveLength(4)
    expect(argv).not.toContain('"no-flush":false')
  })

  test('limits of disks are a group for all of them, and media have none', () => {
    const limits = { disk: { iops: 500, bandwidth: null }, network: { bandwidth: 1e6 } }
    const argv = qemuArguments(
      exampleSpec({ limits, media: [{ name: 'cidata', path: '/p/1.iso' }] }),
      exampleHost(),
    )
    expect(argv).toContain('{"qom-type":"throttle-group","id":"disk-limits","limits":{"iops-total":500}}')
    const drives = argv.flatMap((each) => /^virtio-blk-pci,drive=(\w+)/.exec(each)?.[1] ?? [])
    expect(drives).toEqual(['throttled0', 'throttled1', 'medium0'])
    expect(argv).toContain(
      '{"driver":"throttle","node-name":"throttled1","throttle-group":"disk-limits","file":"disk1"}',
    )
  })

  test('a medium comes behind the disks and is read only', () => {
    const argv = qemuArguments(
      exampleSpec({ media: [{ name: 'cidata', path: '/p/seed, 1.iso' }] }),
      exampleHost(),
    )
    const devices = argv.filter((each) => each.startsWith('virtio-blk-pci'))
    expect(devices.map((each) => each.replace(/.*serial=/, ''))).toEqual(['root', 'data', 'cidata'])
    expect(argv).toContain(
      '{"driver":"raw","node-name":"medium0","read-only":true,"file":{"driver":"file","filename":"/p/seed, 1.iso","read-only":true}}',
    )
  })

  test('folders share the memory with their servers, on PCI or without', () => {
    const shares = ['a', 'b'].map((tag) => ({ tag, path: `/${tag}`, readOnly: true, hidden: [], owner: 0 }))
    const spec = exampleSpec({ shares, memory: 2 ** 30 })
    const argv = qemuArguments(spec, exampleHost())
    expect(argv).toContain('memory-backend-memfd,id=ram,size=1024M,share=on')
    expect(argv[argv.indexOf('-machine') + 1]).toContain(',memory-backend=ram')
    expect(argv).toContain(`socket,id=share1,path=${spec.files.runtimeDir}/share1.sock`)
    expect(argv).toContain('vhost-user-fs-pci,chardev=share1,tag=b')
    const without = qemuArguments(spec, exampleHost({ options: { machine: 'microvm', args: [] } }))
    expect(without).toContain('vhost-user-fs-device,chardev=share0,tag=a')
    expect(qemuArguments(exampleSpec(), exampleHost()).join(' ')).not.toMatch(/memory-backend|vhost/)
  })

  test('a NIC on a switch listens, and an isolated one leads nowhere', () => {
    const nics = [
      { kind: 'user' as const, mac: '52:54:00:00:00:01', forwards: [], isolated: true },
      { kind: 'switch' as const, mac: '52:54:00:00:00:02', socket: '/run/p, q/net1.sock' },
    ]
    const argv = qemuArguments(exampleSpec({ nics }), exampleHost())
    expect(argv).toContain('user,id=user,ipv6=off,restrict=on,hostname=web')
    // What opens a port of the host leaves it to the guard what else there is.
    const opened = [{ ...nics[0], hostAccess: [80] }] as MachineSpec['nics']
    expect(qemuArguments(exampleSpec({ nics: opened }), exampleHost())).toContain(
      'user,id=user,ipv6=off,hostname=web',
    )
    expect(argv).toContain('stream,id=net1,server=on,addr.type=unix,addr.path=/run/p,, q/net1.sock')
    expect(argv).toContain('virtio-net-pci,netdev=net1,mac=52:54:00:00:00:02,romfile=')
  })

  test('a display is at a Unix socket, and what Linux has to say comes on it as well', () => {
    const spec = exampleSpec({
      display: { width: 800, height: 600 },
      files: { ...exampleSpec().files, runtimeDir: '/r,un' },
    })
    const argv = qemuArguments(spec, exampleHost())
    expect(argv).toEqual(
      expect.arrayContaining(['VGA,xres=800,yres=600', 'usb-tablet,bus=usb.0', 'vnc=unix:/r,,un/vnc.sock']),
    )
    expect(argv[argv.indexOf('-append') + 1]).toMatch(/ console=tty0 console=ttyS0$/)
    expect(qemuArguments({ ...spec, arch: 'aarch64' }, exampleHost())).toEqual(
      expect.arrayContaining(['virtio-gpu-pci,xres=800,yres=600', 'usb-kbd,bus=usb.0']),
    )
    expect(qemuArguments(exampleSpec(), exampleHost()).join()).not.toMatch(/vnc|VGA|tty0/)
  })

  test('SVM is never switched off under TCG', () => {
    const argv = qemuArguments(exampleSpec({ nested: false }), exampleHost())
    expect(argv[argv.indexOf('-cpu') + 1]).toBe('max')
  })

  test('no path breaks out of its option, and none gets lost', () => {
    const segment = fc
      .string({ minLength: 1, maxLength: 20, unit: 'binary' })
      .filter((s) => !/[\0/\uD800-\uDFFF]/.test(s))
    const nasty = fc.oneof(
      segment,
      fc.constantFrom(',', ',,', ',if=none', 'a b', 'ü=on', '"', '{}', "'", '\n', '%s'),
    )
    fc.assert(
      fc.property(nasty, nasty, nasty, (data, log, run) => {
        const spec = exampleSpec({
          disks: [{ name: 'root', path: `/${data}/root`, size: 512 }],
          files: {
            dataDir: `/${data}`,
            runtimeDir: `/${run}`,
            consoleLog: `/${log}`,
            providerLog: '/p',
          },
        })
        const argv = qemuArguments(spec, exampleHost())
        const values = argv.flatMap(parseProperties)
        expect(values).toContainEqual(['logfile', `/${log}`])
        expect(values).toContainEqual(['path', `/${run}/qmp.sock`])
        expect(argv).toContain(`/${run}/qemu.pid`)
        const image = JSON.parse(argv[argv.indexOf('-blockdev') + 1] ?? '')
        expect(image.file.filename).toBe(`/${data}/root`)
        expect(values.map(([key]) => key).sort()).toEqual(
          qemuArguments(exampleSpec({ disks: spec.disks }), exampleHost())
            .flatMap(parseProperties)
            .map(([key]) => key)
            .sort(),
        )
      }),
    )
  })

  test('refuses a NUL, which would end an argument early', () => {
    const files = { ...exampleSpec().files, consoleLog: '/a\0b' }
    expect(() => qemuArguments(exampleSpec({ files }), exampleHost())).toThrow('NUL')
  })
})

/** An option and its value on one line. */
function lines(argv: string[]): string[] {
  return argv
    .join('\n')
    .replaceAll(/\n(?!-)/g, ' ')
    .split('\n')
}

/** QEMU's own rule: a comma ends a property unless another follows at once. */
function parseProperties(argument: string): [string, string][] {
  if (/^[{/]/.test(argument) || !argument.includes('=')) return []
  const parts = argument.replaceAll(',,', '\0').split(',')
  return parts.flatMap((part): [string, string][] => {
    const at = part.indexOf('=')
    return at < 0 ? [] : [[part.slice(0, at), part.slice(at + 1).replaceAll('\0', ',')]]
  })
}
