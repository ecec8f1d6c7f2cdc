import { expect, it } from 'vitest'
import { qemuArguments } from '../../../../providers/qemu/argv/index.ts'
import { lacks } from '../../../../src/machine/facts/needs.ts'
import { installNeeds, installSpec } from '../../../../src/machine/install/spec.ts'

const job = {
  name: 'test/one',
  arch: 'x86_64' as const,
  cpus: 2,
  memory: 2 ** 30,
  boot: { kind: 'firmware' as const, firmware: 'bios' as const },
  disk: { path: '/work/root.qcow2', size: 2 ** 30 },
  discs: [
    { name: 'install', path: '/iso,1' },
    { name: 'answers', path: '/answers.iso' },
  ],
  folder: '/work/machine',
  timeout: 1,
  quiet: 1,
  step: 'box:test/one',
}
const at = { id: '01234567', runtimeDir: '/run/posada/01234567' }
const host = { accelerator: 'tcg' as const, sandbox: true, uefi: null, options: { args: [] } }

/** The values of options that begin so. */
function devices(changes: Partial<typeof job> | object, begin: RegExp): string[] {
  return qemuArguments(installSpec({ ...job, ...changes }, at), host).filter((each) => begin.test(each))
}

it('boots the disk, and its first disc where nothing boots on that', () => {
  expect(devices({}, /^(virtio-blk|ide-cd|scsi-cd)/)).toEqual([
    'virtio-blk-pci,drive=disk0,serial=root,bootindex=0',
    'ide-cd,drive=medium0,bus=ide.0,bootindex=1',
    'ide-cd,drive=medium1,bus=ide.1',
  ])
  expect(devices({}, /reboot/)).toEqual([])
})

it('has drives of another kind where the board has none', () => {
  expect(devices({ arch: 'aarch64' }, /^(virtio-scsi|ide-cd|scsi-cd)/)).toEqual([
    'virtio-scsi-pci,id=discs',
    'scsi-cd,drive=medium0,bus=discs.0,bootindex=1',
    'scsi-cd,drive=medium1,bus=discs.0',
  ])
})

it('ends as soon as an installer starts again that a kernel boots', () => {
  const boot = { kind: 'kernel' as const, kernel: '/linux', initrd: '/initrd', cmdline: 'auto' }
  expect(devices({ boot, discs: [] }, /reboot|^(ide|scsi)-cd/)).toEqual(['reboot=shutdown'])
})

it('goes to a provider that can do that', () => {
  const can = { arch: ['x86_64'], boot: ['kernel', 'bios'], pause: true, nested: true, agent: true }
  const asked = (more: object) =>
    lacks({ ...can, udpForward: true, ...more } as never, installNeeds(job)).map(({ text }) =>
      text(installNeeds(job)),
    )
  expect(asked({})).toEqual(["run a system's installer"])
  expect(asked({ installs: true })).toEqual([])
  expect(asked({ installs: true, boot: ['kernel'] })).toEqual(['boot a box by bios'])
})
