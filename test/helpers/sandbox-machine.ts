import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MachineSpec, Provider } from '../../src/provider/index.ts'
import { freePort } from './free-port.ts'

export interface SandboxMachine {
  spec: MachineSpec
  /** Everything of the machine lies in here; the name has a space, a comma and an umlaut. */
  folder: string
}

/** A machine in a temporary folder of its own, with one disk and one forwarded TCP port. */
export async function sandboxMachine(
  wanted: Pick<MachineSpec, 'boot'> & Partial<MachineSpec>,
  guestPort: number,
): Promise<SandboxMachine> {
  const folder = await mkdtemp(join(tmpdir(), 'pö, sada '))
  const dataDir = join(folder, 'data')
  const spec: MachineSpec = {
    id: randomBytes(4).toString('hex'),
    name: 'contract',
    uuid: randomUUID(),
    arch: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    cpus: 1,
    memory: 256 * 1024 * 1024,
    nested: false,
    disks: [{ name: 'root', path: join(dataDir, 'root.qcow2'), size: 64 * 1024 * 1024 }],
    nics: [{ kind: 'user', mac: '52:54:00:c0:ff:ee', forwards: [await freeForward(guestPort)] }],
    files: {
      dataDir,
      runtimeDir: join(folder, 'run'),
      consoleLog: join(folder, 'console.log'),
      providerLog: join(folder, 'provider.log'),
    },
    options: {},
    ...wanted,
  }
  return { spec, folder }
}

/** Ends the machine however it stands, and removes its folder. */
export async function discard(provider: Provider, { spec, folder }: SandboxMachine): Promise<void> {
  try {
    await provider.stop(spec, { graceful: false, timeout: 0 })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function freeForward(guestPort: number) {
  return { protocol: 'tcp' as const, hostAddress: '127.0.0.1', hostPort: await freePort(), guestPort }
}
