import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { userId } from '../lib/process/user-id.ts'
import { forksOf } from './fork-paths.ts'
import { homeFolder } from './home-folder.ts'

/**
 * Every name that Posada gives to a file, in one place (of sockets: sockets.ts); docs/files.md explains them. Nothing
 * else in the code joins these names. Pure: nothing is made or looked at here.
 */
export interface UserPaths {
  /** Boxes by digest, and the names that lead to them. */
  boxes: string
  /** Disks that are kept behind provision steps, as boxes: machines lie on them. */
  layers: string
  /** One small file a project: where it is. Can be rebuilt by running any command in the project. */
  projects: string
  /** What probes found out about this host; may be emptied at any time. */
  cache: string
  /** Base manifests and scripts that were fetched, by their SHA-256; may be emptied at any time. */
  fetched: string
  /** Memories that new machines begin with: see warm-image.ts; may be emptied at any time. */
  warm: string
  /** Sockets, a folder a machine. */
  runtime: string
  /** Every folder that has or may have had this user's sockets, `runtime` first. */
  runtimes: string[]
  /** The key that seals what Posada writes of projects: see seal.ts. */
  key: string
  /** Throw-away machines of `posada run`: a folder a run. */
  runs: string
  /** What keeps folders equal with those in guests, and old versions of their files: a folder a machine, by its id. */
  sync: string
  /** What commands told lately: files of lines of JSON, for `posada events`. */
  events: string
  /** What this user lets single projects run on this host: see src/app/trust. */
  trusted: string
  /** What is known of other hosts that machines run on: a folder a host. */
  hosts: string
  /** Machines that other hosts have here, a folder each, and what these are made from. */
  hosted: string
}

/** What tells the files of this user's Posada from those that came with a repository. */
export type OwnPaths = Pick<UserPaths, 'key' | 'runtimes'>

/** E_HOME where a folder is needed that lies in the user's home, and there is none. */
export function userPaths(env: NodeJS.ProcessEnv = process.env): UserPaths {
  const under = (variable: string, ...standard: string[]) => {
    const value = env[variable]
    // XDG Base Directory Specification 0.8: relative values are to be ignored.
    return value?.startsWith('/') ? join(value, 'posada') : join(home(env), ...standard, 'posada')
  }
  const runtime = env.XDG_RUNTIME_DIR
  const own = `posada-${userId()}`
  const runtimes = [
    ...(runtime?.startsWith('/') ? [join(runtime, 'posada')] : []),
    join(tmpdir(), own),
    join('/run/user', String(userId()), 'posada'),
    join('/tmp', own),
  ]
  const data = under('XDG_DATA_HOME', '.local', 'share')
  const cache = under('XDG_CACHE_HOME', '.cache')
  const state = under('XDG_STATE_HOME', '.local', 'state')
  return {
    boxes: join(data, 'boxes'),
    layers: join(data, 'layers'),
    projects: join(state, 'projects'),
    cache,
    fetched: join(cache, 'fetched'),
    warm: join(cache, 'warm'),
    runtime: runtimes[0] ?? own,
    runtimes: [...new Set(runtimes)],
    key: join(state, 'key'),
    runs: join(state, 'runs'),
    sync: join(state, 'sync'),
    events: join(state, 'events'),
    trusted: join(state, 'trusted'),
    hosts: join(state, 'hosts'),
    hosted: join(data, 'hosted'),
  }
}

function home(env: NodeJS.ProcessEnv): string {
  const folder = homeFolder(env)
  if (folder !== null) return folder
  throw new PosadaError('E_HOME', 'this user has no home folder', {
    ...(env.HOME === undefined ? {} : { value: env.HOME }),
    hint: 'set HOME to a folder of yours, by its absolute path',
  })
}

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
