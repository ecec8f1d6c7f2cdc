import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { exists } from '../../lib/files/folders.ts'
import { makeFolder } from '../../lib/files/make-folder.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/files/write-file.ts'
import { bindOnce } from '../../lib/net/bind-once.ts'
import { ensureRuntimeDir, removeRuntimeDir, type UserPaths } from '../../project/index.ts'
import type { MachineSpec } from '../../provider/index.ts'
import { type SentMachine, type SentSpec, withPaths } from '../wire/sent-spec.ts'
import { imagePath } from './images.ts'

/** A machine that another host has here. */
export interface Hosted {
  provider: string
  /** With paths and ports of this host. */
  spec: MachineSpec
}

/** The machines that others have on this host, each in a folder by its UUID. What they are called comes from outside. */
export class HostedMachines {
  readonly #user: UserPaths

  constructor(user: UserPaths) {
    this.#user = user
  }

  /** Null: there is none. */
  async find(machine: SentMachine): Promise<Hosted | null> {
    const text = await readTextIfThere(join(this.#folder(machine), 'spec.json'))
    return text === null ? null : (JSON.parse(text) as Hosted)
  }

  /** Writes down what it is to be. Its ports are those that it had, unless `fresh`, or new ones, all of loopback. */
  async record(
    machine: SentMachine & { provider: string },
    sent: SentSpec,
    { fresh }: { fresh: boolean },
  ): Promise<MachineSpec> {
    const folder = this.#folder(machine)
    const data = join(folder, 'data')
    await makeFolder(data, { mode: 0o700 })
    const before = fresh ? null : await this.find(machine)
    const file = (token: string) => imagePath(this.#user, token)
    for (const { name } of sent.disks) checkName(name)
    const moved = withPaths(sent, { file, disk: (name) => join(data, `${name}.qcow2`) })
    const spec: MachineSpec = {
      ...{ ...moved, id: machine.id, uuid: machine.uuid },
      nics: await Promise.all(moved.nics.map((nic, index) => withPorts(nic, before?.spec.nics[index]))),
      files: {
        dataDir: data,
        runtimeDir: await ensureRuntimeDir(this.#user.runtime, machine.id),
        consoleLog: join(folder, 'console.log'),
        providerLog: join(folder, 'provider.log'),
      },
    }
    await writeFileAtomic(join(folder, 'spec.json'), JSON.stringify({ provider: machine.provider, spec }))
    return spec
  }

  /** The folder goes; where disks are left in it, only what is not theirs. */
  async forget(machine: SentMachine): Promise<void> {
    const found = await this.find(machine)
    if (found !== null) await removeRuntimeDir(found.spec.files.runtimeDir)
    await rm(this.#folder(machine), { recursive: true, force: true })
  }

  /** A log of a machine; null for one that is not here. */
  async log(machine: SentMachine, which: unknown): Promise<string | null> {
    const path = join(this.#folder(machine), which === 'provider' ? 'provider.log' : 'console.log')
    return (await exists(this.#folder(machine))) ? path : null
  }

  #folder({ id, uuid }: SentMachine): string {
    if (!/^[0-9a-f]{8}$/.test(id) || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid))
      throw new PosadaError('E_HOST_FAILED', 'this is not the id of a machine', { value: `${id} ${uuid}` })
    return join(this.#user.hosted, uuid)
  }
}

function checkName(name: string): void {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name))
    throw new PosadaError('E_HOST_FAILED', 'this is not the name of a disk', { value: name.slice(0, 100) })
}

type Nic = MachineSpec['nics'][number]

/** Ports that the host it came from has chosen for itself become others, of this host's loopback. */
async function withPorts(nic: Nic, before: Nic | undefined): Promise<Nic> {
  if (nic.kind !== 'user') return nic
  const had = before?.kind === 'user' ? before.forwards : []
  const forwards = nic.forwards.map(async (forward) => {
    const { protocol, guestPort } = forward
    const same = had.find((one) => one.protocol === protocol && one.guestPort === guestPort)
    return {
      ...forward,
      hostAddress: '127.0.0.1',
      hostPort: same?.hostPort ?? (await bindOnce(protocol, '127.0.0.1', 0)),
    }
  })
  return { ...nic, forwards: await Promise.all(forwards) }
}
