import { join } from 'node:path'
import type { InstallJob } from '../../box/index.ts'
import { identityOf } from '../../project/index.ts'
import type { MachineSpec } from '../../provider/index.ts'
import type { Needs } from '../facts/needs.ts'

/** The machine that an installer runs in: a disk, discs, a screen, a way out and none in. Pure. */
export function installSpec(
  { arch, cpus, memory, boot, disk, discs, folder }: InstallJob,
  { id, runtimeDir }: { id: string; runtimeDir: string },
): MachineSpec {
  const { uuid, mac } = identityOf(id)
  return {
    id,
    name: 'installer',
    uuid,
    arch,
    cpus,
    memory,
    nested: false,
    boot,
    disks: [{ name: 'root', ...disk }],
    // What is cut short is made again.
    throwAway: true,
    media: discs.map((each) => ({ ...each, disc: true })),
    // An installer that a kernel boots would begin again.
    ...(boot.kind === 'kernel' ? { endsAtReboot: true } : {}),
    nics: [{ kind: 'user', mac, forwards: [] }],
    ...(boot.kind === 'kernel' ? {} : { display: { width: 1024, height: 768 } }),
    files: {
      dataDir: join(folder, 'data'),
      runtimeDir,
      consoleLog: join(folder, 'console.log'),
      providerLog: join(folder, 'provider.log'),
    },
    options: {},
  }
}

/** What such a machine asks of its provider. Pure. */
export function installNeeds({ arch, boot }: Pick<InstallJob, 'arch' | 'boot'>): Needs {
  return {
    arch,
    boot: boot.kind === 'kernel' ? 'kernel' : boot.firmware,
    installs: true,
    nested: false,
    display: null,
    media: false,
    forwards: [],
    switchNics: false,
    isolated: false,
    hostAccess: false,
    thisHost: false,
    shares: false,
    limits: false,
    memoryRange: false,
    settings: [],
  }
}
