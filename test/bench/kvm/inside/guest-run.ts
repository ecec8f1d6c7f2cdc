import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MachineSpec } from '../../../../src/provider/index.ts'
import type { BenchFiles } from '../guest.ts'

/** What a guest of the benches does once it is up; see `init` in guest.ts. */
export type Task = 'nothing' | 'disk' | 'network'

/** What crosses the network each way at a time. */
export const networkBytes = 16 * 2 ** 20

/** One machine in a temporary folder of its own: the same for each hypervisor. */
export async function benchSpec(
  files: BenchFiles,
  task: Task,
): Promise<{ spec: MachineSpec; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'posada-bench-'))
  const dataDir = join(folder, 'data')
  const runtimeDir = join(folder, 'run')
  await mkdir(dataDir)
  await mkdir(runtimeDir)
  const spec: MachineSpec = {
    id: randomBytes(4).toString('hex'),
    name: 'bench',
    uuid: randomUUID(),
    arch: 'x86_64',
    cpus: 1,
    memory: 256 * 2 ** 20,
    nested: false,
    boot: {
      kind: 'kernel',
      kernel: files.kernel,
      initrd: files.initrd,
      cmdline: `quiet bench=${task}`,
    },
    disks: [{ name: 'root', path: join(dataDir, 'root.qcow2'), size: 2 ** 30 }],
    nics: [{ kind: 'user', mac: '52:54:00:c0:ff:ee', forwards: [] }],
    files: {
      dataDir,
      runtimeDir,
      consoleLog: join(folder, 'console.log'),
      providerLog: join(folder, 'provider.log'),
    },
    options: {},
  }
  return { spec, folder }
}
