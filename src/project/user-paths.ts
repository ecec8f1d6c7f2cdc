import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { userId } from '../lib/process/user-id.ts'
import { homeFolder } from './home-folder.ts'

/** What this user has of Posada, in the folders of the XDG Base Directory Specification; as `paths.ts` says of a project. */
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
