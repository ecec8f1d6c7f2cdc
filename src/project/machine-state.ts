import { basename, dirname, join } from 'node:path'
import { exists, namesIn } from '../lib/files/folders.ts'
import { readShape } from '../lib/values/shape.ts'
import type { MachineSpec, PortForward } from '../provider/index.ts'
import { isCopyOf } from './copied.ts'
import { corrupt } from './json-file.ts'
import { identityOf, machineId } from './machine-identity.ts'
import type { MachinePaths, ProjectPaths } from './paths.ts'
import { findRuntimeDir } from './runtime-dir.ts'
import { readForeign, readSealed, type SealedFile, writeSealed } from './seal.ts'
import { nicSocket } from './sockets.ts'
import { essentials } from './state-form.ts'

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
  /** The digest of the layer that its disks lie on in place of the box's; see src/machine/cache. */
  layer?: string
  /** As last given to the provider. */
  spec: MachineSpec
  /** As it was last started: a `linux` is logged in to, what is `other` is not. Absent in states of older versions: `linux`. */
  guest?: 'linux' | 'other'
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
    /** It did not boot, but began with a warm image. */
    warm?: true
    /** Absent until the guest could be logged in to. */
    readyAt?: string
    /** Bytes that the console's log had before; what this run wrote begins there. */
    consoleFrom?: number
    /** When the guest was last asked to shut down; its end is in `stop`, where whoever asked lived to see it. */
    stopAskedAt?: string
    /** The words of the guest's kernel where it panicked; the power was then cut. */
    panic?: string
    /** The last time that the manifest's probes were waited for in this run, and what came of it. */
    probed?: { at: string; ready: boolean }
  }
  /** The last stop that was asked for. */
  stop?: { at: string; how: 'graceful' | 'forced'; via: string }
  /** Folders of the host that have been brought into it, by their paths there. */
  folders?: Record<string, { from: string; at: string }>
  /** Names of its disks that outlive it, as the manifest last said of each. */
  keptDisks?: string[]
  /** Disks that the guest was seen to have mounted or to swap to, by name. */
  diskUses?: Record<string, { filesystem: string; mount: string | null; at: string }>
  /** Names of blank disks that are being formatted: what a format that was cut short left is formatted again. */
  formatting?: string[]
  /** Provision steps that have succeeded, by name. */
  provision: Record<string, { digest: string; at: string }>
  /** Provision steps whose last run failed, and the code of the error, by name. */
  failedSteps?: Record<string, FailedStep>
  /** What the guest has in memory, where the machine is suspended. */
  suspended?: SavedMemory
  /** The id of the snapshot that it was last saved as, or restored to. */
  snapshot?: string
  /** Where it began as a copy of another machine. */
  copy?: MachineCopy
  /** The id of a snapshot that its disks have yet to be put back to, before anything else is done to it. */
  restoring?: string
}

/** A machine that began as a copy of another, and how its guest comes to know it. */
export interface MachineCopy {
  /** The name of the other. */
  of: string
  /** 8 hexadecimal digits that the guest is told at each boot: they differ from those it was told last at the first. */
  token: string
  /** Its memory is the other's: the guest is not let in before it has an identity of its own. */
  due?: boolean
  /** It began with a warm image, and not as a copy of a machine: nothing of this is left once it is one of its own. */
  warm?: true
}

export interface FailedStep {
  at: string
  /** `E_PROVISION_STEP`. */
  code: string
}

/** A guest's memory in a file, and all that has to be the same when it is taken up again. */
export interface SavedMemory {
  /** 2: with a layout. */
  version: 1 | 2
  /** ISO 8601. */
  at: string
  /** The id of the snapshot in whose folder the file is; absent: it is the machine's own. */
  snapshot?: string
  /** Of the file, in bytes. */
  size: number
  /** With a layout the file is sparse: `sha256OfSparseFile`. */
  sha256: string
  /** What `Provider.save` said of the file, if it did. */
  layout?: string
  /** By which the file is known while no one has written to it; see `fileMark`. */
  mark?: string
  /** Of the host when it was saved; see `hostBootId`. */
  bootId?: string
  /** Digest of the spec, as far as the guest sees it. */
  hardware: string
  /** See `Provider.memoryFacts`. */
  facts: Record<string, string>
  /** How each disk may be found, by its name: its size and when it was last written. */
  disks: Record<string, string[]>
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
 * The machine's state; null before the first `up`. E_STATE_FOREIGN where this user did not write it on this host.
 * Its paths are made here, never read. In a copy of a project the spec names a machine of its own, which was never
 * started: what runs is the original's, and nothing that is done to the copy may reach it.
 */
export async function readState(paths: MachinePaths): Promise<MachineState | null> {
  const value = await readSealed(fileOf(paths), { version: 1, hint: remakeHint })
  if (value === null) return null
  const state = checked(paths, value)
  const { id, files } = state.spec
  const original = join(dirname(files.dataDir), basename(paths.state))
  const copied = files.dataDir !== paths.data && (await isCopyOf(original, paths.state, id))
  return withPathsHere(copied ? withIdentityOfItsOwn(state, paths) : state, paths)
}

/**
 * A state that `readState` refuses as foreign, as it is written; null where there is none. E_STATE_CORRUPT. To be shown, and
 * to be taken over by `writeState` where the user says so.
 */
export async function readForeignState(paths: MachinePaths): Promise<MachineState | null> {
  const value = await readForeign(fileOf(paths), { version: 1, hint: remakeHint })
  return value === null ? null : checked(paths, value)
}

function checked({ state }: MachinePaths, value: Record<string, unknown>): MachineState {
  const read = readShape(essentials, value)
  if ('flaws' in read)
    throw corrupt({ path: state, hint: remakeHint }, read.flaws[0] ?? 'a part of it is missing')
  return value as unknown as MachineState
}

/** Writes the state whole or not at all. */
export async function writeState(paths: MachinePaths, state: MachineState): Promise<void> {
  await writeSealed(fileOf(paths), state)
}

function fileOf({ dir, state, user }: MachinePaths): SealedFile {
  return { path: state, of: `machine ${basename(dir)}`, user }
}

/** Whether the guest's cloud-init has not been seen to end well yet. */
export function isUnsettled({ cloudInit }: MachineState): boolean {
  return cloudInit !== undefined && cloudInit.doneAt === undefined
}

/** Names of the machines that have a state, sorted; a folder without one is not a machine, but may have kept disks. */
export async function machinesOnDisk(
  paths: ProjectPaths,
  file: 'state' | 'keptDisks' = 'state',
): Promise<string[]> {
  const names = await namesIn(paths.machines)
  const valid = names.filter((name) => /^[a-z][a-z0-9-]{0,62}$/.test(name)).sort()
  const there = await Promise.all(valid.map((name) => exists(paths.machine(name)[file])))
  return valid.filter((_, index) => there[index])
}

const remakeHint = 'posada destroy removes the machine together with this file; up creates it again'

/** With every path as it is here and now: the project may have been moved. */
async function withPathsHere(state: MachineState, paths: MachinePaths): Promise<MachineState> {
  const { spec, networks } = state
  const runtimeDir = await findRuntimeDir(paths.user, spec.id)
  let nic = 0
  return {
    ...state,
    spec: {
      ...spec,
      disks: spec.disks.map((disk) => ({ ...disk, path: paths.disk(disk.name) })),
      ...(spec.media === undefined
        ? {}
        : { media: spec.media.map((each) => ({ ...each, path: paths.seed })) }),
      nics: spec.nics.map((each) =>
        each.kind === 'switch' ? { ...each, socket: nicSocket(runtimeDir, nic++) } : each,
      ),
      files: {
        dataDir: paths.data,
        runtimeDir,
        consoleLog: paths.consoleLog,
        providerLog: paths.providerLog,
      },
    },
    ...(networks === undefined
      ? {}
      : { networks: networks.map((each, index) => ({ ...each, socket: nicSocket(runtimeDir, index) })) }),
  }
}

/** Holds until the next start, which writes down the id that follows from the project's. */
function withIdentityOfItsOwn(state: MachineState, paths: MachinePaths): MachineState {
  const id = machineId(paths.dir, state.spec.id)
  return { ...state, spec: { ...state.spec, id, uuid: identityOf(id).uuid } }
}
