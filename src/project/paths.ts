import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/**
 * Every name that Posada gives to a file, in one place; docs/files.md explains them. Nothing else
 * in the code joins these names. Pure: nothing is made or looked at here.
 */
export interface UserPaths {
  /** Boxes by digest, and the names that lead to them. */
  boxes: string
  /** One small file a project: where it is. Can be rebuilt by running any command in the project. */
  projects: string
  /** What probes found out about this host; may be emptied at any time. */
  cache: string
  /** Base manifests and scripts that were fetched, by their SHA-256; may be emptied at any time. */
  fetched: string
  /** Sockets, a folder a machine. */
  runtime: string
}

export function userPaths(env: NodeJS.ProcessEnv = process.env): UserPaths {
  const home = env.HOME ?? homedir()
  const under = (variable: string, ...standard: string[]) => {
    const value = env[variable]
    // XDG Base Directory Specification 0.8: relative values are to be ignored.
    return value?.startsWith('/') ? join(value, 'posada') : join(home, ...standard, 'posada')
  }
  const runtime = env.XDG_RUNTIME_DIR
  const cache = under('XDG_CACHE_HOME', '.cache')
  return {
    boxes: join(under('XDG_DATA_HOME', '.local', 'share'), 'boxes'),
    projects: join(under('XDG_STATE_HOME', '.local', 'state'), 'projects'),
    cache,
    fetched: join(cache, 'fetched'),
    runtime: runtime?.startsWith('/') ? join(runtime, 'posada') : join(tmpdir(), `posada-${userInfo().uid}`),
  }
}

export interface ProjectPaths {
  /** The folder of the manifest. */
  root: string
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
  state: string
  /** Held open with flock(2) by the process that works on the machine. */
  lock: string
  /** Private and public half of the key that logs in; the private one has mode 0600. */
  key: string
  publicKey: string
  /** The guest's host key, in OpenSSH's format. */
  knownHosts: string
  consoleLog: string
  providerLog: string
  /** What the process wrote that forwards what listens in the guest. */
  forwarderLog: string
  /** Held open with flock(2) by that process itself. */
  forwarderLock: string
  /** What tells the guest's cloud-init who it is; mode 0600. */
  seed: string
  /** The folder of the copy that a box is made of; there while that goes on. */
  packaging: string
  /** The provider's folder: overlays. */
  data: string
  disk(name: string): string
}

export function projectPaths(root: string): ProjectPaths {
  const dir = join(root, '.posada')
  const machines = join(dir, 'machines')
  return {
    root,
    lockfile: join(root, 'posada.lock'),
    dir,
    gitignore: join(dir, '.gitignore'),
    project: join(dir, 'project.json'),
    lock: join(dir, 'lock'),
    machines,
    machine: (name) => machinePaths(join(machines, name)),
    networks: networkPaths(join(dir, 'networks')),
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
export function machinePaths(dir: string): MachinePaths {
  const data = join(dir, 'data')
  return {
    dir,
    state: join(dir, 'state.json'),
    lock: join(dir, 'lock'),
    key: join(dir, 'id_ed25519'),
    publicKey: join(dir, 'id_ed25519.pub'),
    knownHosts: join(dir, 'known_hosts'),
    seed: join(dir, 'seed.iso'),
    packaging: join(dir, 'packaging'),
    consoleLog: join(dir, 'console.log'),
    providerLog: join(dir, 'provider.log'),
    forwarderLog: join(dir, 'ports.log'),
    forwarderLock: join(dir, 'ports.lock'),
    data,
    disk: (name) => join(data, `${name}.qcow2`),
  }
}

/** The sockets of a project's network process, in its runtime folder. */
export function networkSockets(folder: string): { control: string; capture: string } {
  return { control: join(folder, 'net.sock'), capture: join(folder, 'capture.sock') }
}

/** Where the process that forwards a guest's ports answers, in the machine's runtime folder. */
export function forwarderSocket(folder: string): string {
  return join(folder, 'forward.sock')
}

/** The socket of a machine's NIC on a private network, counted from 0, in the machine's runtime folder. */
export function nicSocket(folder: string, index: number): string {
  return join(folder, `net${index + 1}.sock`)
}
