import { join } from 'node:path'
import { forksOf } from './fork-paths.ts'
import type { OwnPaths } from './user-paths.ts'

/**
 * Every name that Posada gives to a file of a project, in one place (of the user: user-paths.ts; of sockets: sockets.ts);
 * docs/files.md explains them. Nothing else in the code joins these names. Pure: nothing is made or looked at here.
 */
export interface ProjectPaths {
  /** The folder of the manifest. */
  root: string
  user: OwnPaths
  /** `posada.lock`, beside the manifest and committed with it: what the boxes came to. */
  lockfile: string
  /** `.posada/`, which ignores itself through the `.gitignore` in it. */
  dir: string
  gitignore: string
  /** The project's identity. */
  project: string
  /** Held open with flock(2) by the process that makes the identity. */
  lock: string
  machines: string
  machine(name: string): MachinePaths
  networks: NetworkPaths
  /** A folder a fork, which is to it what the manifest's folder is to the project. */
  forks: string
}

/** What the project's network process works by, and what it leaves. */
export interface NetworkPaths {
  dir: string
  /** NetworkConfig: what it works by. */
  config: string
  /** Conditions that were changed by hand. */
  changes: string
  /** Held open with flock(2) by the command that starts, changes or ends it. */
  lock: string
  /** Held open with flock(2) by the process itself. */
  processLock: string
  log: string
}

export interface MachinePaths {
  dir: string
  user: OwnPaths
  state: string
  /** Held open with flock(2) by the process that works on the machine. */
  lock: string
  /** Private and public half of the key that logs in; the private one has mode 0600. */
  key: string
  publicKey: string
  /** What lets in to the guest of a warm image, until the machine's own key has taken its place. */
  imageKey: string
  /** The guest's host key, in OpenSSH's format. */
  knownHosts: string
  consoleLog: string
  providerLog: string
  /** What the process wrote that forwards what listens in the guest. */
  forwarderLog: string
  /** Held open with flock(2) by that process itself. */
  forwarderLock: string
  /** What the process wrote that keeps an SSH connection to the guest. */
  keeperLog: string
  /** Held open with flock(2) by that process itself. */
  keeperLock: string
  /** What the process wrote that keeps folders of the host and of the guest equal. */
  syncLog: string
  /** Held open with flock(2) by that process itself. */
  syncLock: string
  /** Held open with flock(2) by a command that brings folders into the guest. */
  foldersLock: string
  /** What tells the guest's cloud-init who it is; mode 0600. */
  seed: string
  /** Which disks were kept when it was destroyed. */
  keptDisks: string
  /** The folder of the copy that a box is made of; there while that goes on. */
  packaging: string
  /** What the guest has in memory, while the machine is suspended. */
  memory: string
  /** A folder a snapshot, named by its id; those without a description are only lain on. */
  snapshots: string
  snapshot(id: string): SnapshotPaths
  /** The provider's folder: overlays. */
  data: string
  disk(name: string): string
}

/** The names in the folder of a snapshot. */
export interface SnapshotPaths {
  dir: string
  /** What it is: there once all the rest is. */
  description: string
  /** What the guest had in memory, where it ran. */
  memory: string
  /** The layer that its disk had come to. */
  disk(name: string): string
}

export function projectPaths(root: string, user: OwnPaths): ProjectPaths {
  const dir = join(root, '.posada')
  const machines = join(dir, 'machines')
  return {
    root,
    user,
    lockfile: join(root, 'posada.lock'),
    dir,
    gitignore: join(dir, '.gitignore'),
    project: join(dir, 'project.json'),
    lock: join(dir, 'lock'),
    machines,
    machine: (name) => machinePaths(join(machines, name), user),
    networks: networkPaths(join(dir, 'networks')),
    forks: forksOf(root),
  }
}

function networkPaths(dir: string): NetworkPaths {
  return {
    dir,
    config: join(dir, 'config.json'),
    changes: join(dir, 'conditions.json'),
    lock: join(dir, 'lock'),
    processLock: join(dir, 'process.lock'),
    log: join(dir, 'process.log'),
  }
}

/** The names in the folder of a machine. */
export function machinePaths(dir: string, user: OwnPaths): MachinePaths {
  const data = join(dir, 'data')
  const snapshots = join(dir, 'snapshots')
  return {
    dir,
    user,
    state: join(dir, 'state.json'),
    lock: join(dir, 'lock'),
    key: join(dir, 'id_ed25519'),
    publicKey: join(dir, 'id_ed25519.pub'),
    imageKey: join(dir, 'image_key'),
    knownHosts: join(dir, 'known_hosts'),
    seed: join(dir, 'seed.iso'),
    keptDisks: join(dir, 'kept.json'),
    packaging: join(dir, 'packaging'),
    consoleLog: join(dir, 'console.log'),
    providerLog: join(dir, 'provider.log'),
    forwarderLog: join(dir, 'ports.log'),
    forwarderLock: join(dir, 'ports.lock'),
    keeperLog: join(dir, 'ssh.log'),
    keeperLock: join(dir, 'ssh.lock'),
    syncLog: join(dir, 'sync.log'),
    syncLock: join(dir, 'sync.lock'),
    foldersLock: join(dir, 'folders.lock'),
    memory: join(dir, 'memory'),
    snapshots,
    snapshot: (id) => snapshotPaths(join(snapshots, id)),
    data,
    disk: (name) => join(data, `${name}.qcow2`),
  }
}

function snapshotPaths(dir: string): SnapshotPaths {
  return {
    dir,
    description: join(dir, 'snapshot.json'),
    memory: join(dir, 'memory'),
    disk: (name) => join(dir, `${name}.qcow2`),
  }
}
