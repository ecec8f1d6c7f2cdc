import type { BoxManifest, StoredBox } from '../../src/box/model.ts'
import { machineSpec } from '../../src/machine/up/spec.ts'
import type { Machine } from '../../src/manifest/index.ts'
import { hookVerbs } from '../../src/manifest/shapes.ts'
import type { MachineState } from '../../src/project/machine-state.ts'
import type { MachinePaths } from '../../src/project/paths.ts'
import { projectIn } from './own-paths.ts'

/** Values of the model for unit tests: complete, and changed where a test says so. */
export function aMachine(changes: Partial<Machine> = {}): Machine {
  return {
    name: 'web',
    group: changes.name ?? 'web',
    box: 'debian/12',
    boxTerms: { checksum: null, unchecked: false, facts: {} },
    provider: 'auto',
    providers: {},
    arch: 'x86_64',
    guest: 'linux',
    cpus: 1,
    memory: 512 * 2 ** 20,
    memoryMin: null,
    disk: null,
    disks: [],
    diskUses: [],
    keptDisks: [],
    warm: true,
    nested: false,
    display: null,
    limits: { disk: { iops: null, bandwidth: null }, network: { bandwidth: null } },
    hostAccess: [],
    dependsOn: [],
    networks: [],
    ports: [],
    autoPorts: false,
    env: {},
    provision: [],
    sync: [],
    mounts: [],
    hooks: { before: noHooks(), after: noHooks() },
    ready: [],
    cloudInit: null,
    bootTimeout: 180_000,
    haltTimeout: 60_000,
    place: (...path) => ({ file: '/shop/posada.yaml', line: path.length, column: 1 }),
    ...changes,
  }
}

function noHooks(): Machine['hooks']['before'] {
  return Object.fromEntries(hookVerbs.map((verb) => [verb, []])) as unknown as Machine['hooks']['before']
}

const file = (name: string) => ({ file: name, size: 1, sha256: '0'.repeat(64) })

export function aBox(changes: Partial<BoxManifest> = {}): StoredBox {
  return {
    digest: 'd'.repeat(64),
    dir: '/boxes/d',
    manifest: {
      format: 1,
      name: 'debian/12',
      version: '20261122.1',
      arch: 'x86_64',
      description: 'Debian',
      disks: [{ ...file('root.raw'), format: 'raw', virtualSize: 2 ** 30 }],
      kernel: { kernel: file('vmlinuz'), initrd: file('initrd'), cmdline: 'root=/dev/vda rw' },
      login: { user: 'posada', key: file('login.key'), otherKeys: [] },
      announcesReady: true,
      agent: true,
      minMemory: 256 * 2 ** 20,
      ...changes,
    },
  }
}

export function somePaths(name = 'web'): MachinePaths {
  return projectIn('/shop').machine(name)
}

export function aState(config: Machine = aMachine(), changes: Partial<MachineState> = {}): MachineState {
  const { ports } = config
  const forwards = [{ protocol: 'tcp' as const, hostAddress: '127.0.0.1', hostPort: 40_022, guestPort: 22 }]
  const spec = machineSpec({
    id: '0a1b2c3d',
    config,
    box: aBox(),
    paths: somePaths(config.name),
    runtimeDir: '/run/posada/0a1b2c3d',
    forwards,
    networks: [],
    isolated: false,
    grown: 0,
    hostName: 'web',
    provider: 'qemu',
  })
  return {
    version: 1,
    provider: 'qemu',
    box: { name: 'debian/12', version: '20261122.1', digest: 'd'.repeat(64) },
    spec,
    ports: ports.map(({ auto: _, item: __, ...port }) => port),
    login: { user: 'posada', ownKey: true },
    createdAt: '2026-01-01T00:00:00.000Z',
    provision: {},
    ...changes,
  }
}
