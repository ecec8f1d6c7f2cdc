import { dirname, join } from 'node:path'
import type { DiskBase, MachineSpec } from '../../../src/provider/index.ts'
import { kvmDevice } from '../vm/kvm-device.ts'
import type { PathRule } from './landlock.ts'

export interface Places {
  spec: MachineSpec
  /** Folders of the program that the machine's process runs: its own, and koffi's. */
  program: readonly string[]
  /** Node itself. */
  runtime: string
  cacheDir: string
}

/** All that a machine's process may reach of the host's files: its own, and what Node and the C library read. Pure. */
export function pathRules({ spec, program, runtime, cacheDir }: Places): PathRule[] {
  const { boot, disks, media = [], files } = spec
  const kernel = boot.kind === 'kernel' ? [boot.kernel, boot.initrd ?? []].flat() : []
  const own = [files.dataDir, files.runtimeDir, dirname(files.consoleLog), dirname(files.providerLog)]
  const read = [
    ...disks.flatMap(({ base }) => basesOf(base)),
    ...media.map(({ path }) => path),
    ...kernel,
    ...program,
    ...['kernels', 'code'].map((folder) => join(cacheDir, folder)),
    ...system,
  ]
  return [
    ...[...own, ...disks.map(({ path }) => path)].map((path) => ({ path, may: 'write' as const })),
    ...read.map((path) => ({ path, may: 'read' as const })),
    ...[runtime, ...loaders].map((path) => ({ path, may: 'run' as const })),
    ...[kvmDevice, '/dev/null'].map((path) => ({ path, may: 'use' as const })),
  ]
}

/** The program that starts every other: without it not even Node can be run. */
const loaders = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-musl-x86_64.so.1']
/** Libraries and their settings, the generator of random numbers, and what the kernel says of the host and of processes. */
const system = [
  '/usr',
  '/lib',
  '/lib64',
  '/etc/ld.so.cache',
  '/etc/ssl/openssl.cnf',
  '/dev/urandom',
  '/proc',
  '/sys/devices/system/cpu',
  '/sys/fs/cgroup',
  '/sys/kernel/mm/transparent_hugepage',
]

function basesOf(base: DiskBase | undefined): string[] {
  return base === undefined ? [] : [base.path, ...basesOf(base.base)]
}
