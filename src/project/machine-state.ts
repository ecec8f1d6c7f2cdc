import { basename, dirname, join } from 'node:path'
import { exists, namesIn } from '../lib/files/folders.ts'
import type { MachineSpec, PortForward } from '../provider/index.ts'
import { isCopyOf } from './copied.ts'
import { corrupt, readJsonFile, writeJsonFile } from './json-file.ts'
import { identityOf, machineId } from './machine-identity.ts'
import type { MachinePaths, ProjectPaths } from './paths.ts'

/**
 * What Posada remembers of a machine: what it decided and what was completed. Whether the machine
 * runs is never read from here; that is the hypervisor's to say.
 */
export interface MachineState {
  version: 1
  /** The provider that made it. */
  provider: string
  /** `source`: what the manifest named it by; absent in states of older versions. */
  box: { name: string; version: string; digest: string; source?: string }
  /** As last given to the provider. */
  spec: MachineSpec
  login: {
    user: string
    /** Whether the machine's own key has taken the place of the box's. */
    ownKey: boolean
  }
  /** Where a seed was given to the guest's cloud-init. */
  cloudInit?: {
    /** SHA-256 of the user-data in it; null where the manifest had none. */
    userData: string | null
    /** ISO 8601; when it was seen to have ended well. */
    doneAt?: string
  }
  /** The manifest's ports as chosen at the last start; SSH's is the spec's forward of that name. */
  ports: RecordedPort[]
  /** Its places on private networks, as it was last started with. */
  networks?: RecordedAttachment[]
  /** ISO 8601; when the disks were complete. Absent while `up` has not got there. */
  createdAt?: string
  /** The last start. */
  start?: {
    at: string
    /** Absent until the guest could be logged in to. */
    readyAt?: string
    /** Bytes that the console's log had before; what this run wrote begins there. */
    consoleFrom?: number
    /** The words of the guest's kernel where it panicked; the power was then cut. */
    panic?: string
    /** The last time that the manifest's probes were waited for in this run, and what came of it. */
    probed?: { at: string; ready: boolean }
  }
  /** The last stop that was asked for. */
  stop?: { at: string; how: 'graceful' | 'forced'; via: string }
  /** Provision steps that have succeeded, by name. */
  provision: Record<string, { digest: string; at: string }>
}

/** A NIC on a private network. */
export interface RecordedAttachment {
  network: string
  mac: string
  ipv4: string
  ipv6: string
  /** Where it listens while the machine runs. */
  socket: string
}

/** A forwarded port, and the one that the manifest asked for where it was moved. */
export interface RecordedPort extends PortForward {
  movedFrom?: number
}

/**
 * The machine's state; null before the first `up`. Paths in the spec follow a project that moved. In
 * a copy of a project the spec names a machine of its own, that was never started: what runs is the
 * original's, and nothing that is done to the copy may reach it.
 */
export async function readState(paths: MachinePaths): Promise<MachineState | null> {
  const value = await readJsonFile(paths.state, 1, HINT)
  if (value === null) return null
  if (!isState(value)) throw corrupt(paths.state, HINT, 'a part of it is missing')
  const { id, files } = value.spec
  const original = join(dirname(files.dataDir), basename(paths.state))
  const copied = files.dataDir !== paths.data && (await isCopyOf(original, paths.state, id))
  const spec = rebase(value.spec, paths)
  return { ...value, spec: copied ? withIdentityOfItsOwn(spec, paths) : spec }
}

/** Writes the state whole or not at all. */
export async function writeState(paths: MachinePaths, state: MachineState): Promise<void> {
  await writeJsonFile(paths.state, state)
}

/** Whether the guest's cloud-init has not been seen to end well yet. */
export function isUnsettled({ cloudInit }: MachineState): boolean {
  return cloudInit !== undefined && cloudInit.doneAt === undefined
}

/** Names of the machines that have a state, sorted; a folder without one is not a machine. */
export async function machinesOnDisk(paths: ProjectPaths): Promise<string[]> {
  const names = await namesIn(paths.machines)
  const valid = names.filter((name) => /^[a-z][a-z0-9-]{0,62}$/.test(name)).sort()
  const there = await Promise.all(valid.map((name) => exists(paths.machine(name).state)))
  return valid.filter((_, index) => there[index])
}

const HINT = 'posada destroy removes the machine together with this file; up makes it anew'

function isState(value: object): value is MachineState {
  const state = value as Partial<MachineState>
  return (
    typeof state.provider === 'string' &&
    typeof state.box?.digest === 'string' &&
    typeof state.spec?.id === 'string' &&
    typeof state.spec.files?.runtimeDir === 'string' &&
    typeof state.spec.files.dataDir === 'string' &&
    Array.isArray(state.spec.disks) &&
    Array.isArray(state.spec.nics) &&
    Array.isArray(state.ports) &&
    typeof state.login?.user === 'string' &&
    typeof state.provision === 'object'
  )
}

/** The runtime folder stays as recorded: a running machine's sockets are where they were made. */
function rebase(spec: MachineSpec, paths: MachinePaths): MachineSpec {
  return {
    ...spec,
    disks: spec.disks.map((disk) => ({ ...disk, path: paths.disk(disk.name) })),
    ...(spec.media === undefined ? {} : { media: spec.media.map((each) => ({ ...each, path: paths.seed })) }),
    files: {
      ...spec.files,
      dataDir: paths.data,
      consoleLog: paths.consoleLog,
      providerLog: paths.providerLog,
    },
  }
}

/** Holds until the next start, which writes down the id that follows from the project's. */
function withIdentityOfItsOwn(spec: MachineSpec, paths: MachinePaths): MachineSpec {
  const id = machineId(paths.dir, spec.id)
  const runtimeDir = join(dirname(spec.files.runtimeDir), id)
  return { ...spec, id, uuid: identityOf(id).uuid, files: { ...spec.files, runtimeDir } }
}
