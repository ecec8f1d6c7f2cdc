import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventsFolder } from '../app/index.ts'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { packageRoot } from '../lib/files/package-root.ts'
import { download } from './capture.ts'
import { type DashboardServer, type ServerOptions, serve } from './http-server.ts'
import { Hub } from './hub.ts'
import { isStreamKind, joinStreams } from './join-streams.ts'
import { Projects } from './projects.ts'

export interface DashboardOptions {
  cwd: string
  env: NodeJS.ProcessEnv
  /** Aborted when the user interrupts, which is how it ends. */
  signal: AbortSignal
  /** Null: any that is free. */
  port: number | null
  /** It serves: the link is good once. */
  onReady(result: DashboardResult): void
}

export interface DashboardResult {
  link: string
}

/** Serves the page until the user interrupts; what it does for pages then ends in order. E_PORT_IN_USE, E_NO_PERMISSION. */
export async function dashboard({ cwd, env, signal, port, onReady }: DashboardOptions): Promise<void> {
  const projects = new Projects({ env, signal })
  const version = versionOf(join(packageRoot(), 'package.json'))
  const hub = new Hub({ env, signal, projects, version, events: eventsFolder(env) })
  const [server] = await Promise.all([
    listen({
      pages: join(packageRoot(), 'dist', 'dashboard'),
      port,
      onSocket: (socket, path, query) => {
        const { root, machine } = placeIn(query)
        if (path === 'live') hub.join(socket)
        else if (isStreamKind(path))
          void joinStreams(socket, { kind: path, machine, open: (signal) => projects.open(root, { signal }) })
        else return false
        return true
      },
      onRequest: (response, path, query) => {
        if (path !== 'capture') return false
        const { root, spot } = placeIn(query)
        void download(response, { spot, open: (signal) => projects.open(root, { signal }) })
        return true
      },
    }),
    projects.findOwn(cwd),
  ])
  try {
    onReady({ link: server.link })
    await interrupted(signal)
  } finally {
    await server.close()
    await Promise.all(hub.work)
  }
}

function placeIn(query: URLSearchParams) {
  const value = (name: string) => query.get(name) ?? ''
  return { root: value('root'), machine: value('machine'), spot: value('spot') }
}

async function listen(options: ServerOptions): Promise<DashboardServer> {
  try {
    return await serve(options)
  } catch (error) {
    if (!isErrno(error, 'EADDRINUSE')) throw error
    throw new PosadaError('E_PORT_IN_USE', `port ${options.port}/tcp of 127.0.0.1 is in use`, {
      value: String(options.port),
      hint: 'without --port it takes a free one',
    })
  }
}

function versionOf(file: string): string {
  return String((JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown }).version)
}

function interrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
