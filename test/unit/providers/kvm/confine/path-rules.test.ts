import { expect, it } from 'vitest'
import { pathRules } from '../../../../../providers/kvm/confine/path-rules.ts'
import { confinement } from '../../../../../providers/kvm/confine/report.ts'
import type { MachineSpec } from '../../../../../src/provider/index.ts'

const spec: MachineSpec = {
  id: '01234567',
  name: 'web',
  uuid: '',
  arch: 'x86_64',
  cpus: 1,
  memory: 2 ** 28,
  nested: false,
  boot: { kind: 'kernel', kernel: '/box/kernel', initrd: '/box/initrd', cmdline: '' },
  disks: [
    {
      name: 'root',
      path: '/p/web/data/root.qcow2',
      base: {
        path: '/p/web/snapshots/1/root.qcow2',
        format: 'qcow2',
        base: { path: '/box/disk', format: 'raw' },
      },
      size: 512,
    },
    { name: 'kept', path: '/elsewhere/kept.qcow2', size: 512 },
  ],
  media: [{ name: 'seed', path: '/p/web/seed.iso' }],
  nics: [],
  files: {
    dataDir: '/p/web/data',
    runtimeDir: '/run/web',
    consoleLog: '/p/web/console.log',
    providerLog: '/p/web/provider.log',
  },
  options: {},
}

it('a machine’s process writes to its own folders and disks, and reads what these lie on', () => {
  const rules = pathRules({
    spec,
    program: ['/app/dist'],
    runtime: '/app/node',
    cacheDir: '/home/u/.cache/posada',
  })
  const paths = (kind: string) => rules.filter(({ may }) => may === kind).map(({ path }) => path)
  expect(new Set(paths('write'))).toEqual(
    new Set(['/p/web', '/p/web/data', '/run/web', '/p/web/data/root.qcow2', '/elsewhere/kept.qcow2']),
  )
  expect(paths('read')).toEqual(
    expect.arrayContaining([
      ...['/box/kernel', '/box/initrd', '/box/disk', '/p/web/snapshots/1/root.qcow2', '/p/web/seed.iso'],
      ...['/app/dist', '/home/u/.cache/posada/kernels'],
    ]),
  )
  expect(paths('run')).toContain('/app/node')
  for (const folder of ['/', '/home', '/home/u', '/etc', '/tmp', '/box', '/elsewhere'])
    expect(rules.map(({ path }) => path)).not.toContain(folder)
})

it.each([
  [{ landlock: 7, seccomp: true }, /^machines are confined: .*seccomp.*Landlock \(version 7\)$/, false],
  [{ landlock: 0, seccomp: true }, /confined in part: system calls by seccomp; .*files/, true],
  [{ landlock: 1, seccomp: false }, /confined in part: files by Landlock.*programs/, true],
  [{ landlock: 0, seccomp: false }, /confined by nothing/, true],
])('what holds on a host is said: %j', (found, text, hinted) => {
  const { message, hint } = { hint: undefined, ...confinement(found) }
  expect(message).toMatch(text)
  expect(hint !== undefined).toBe(hinted)
})
