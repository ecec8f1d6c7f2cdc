import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { portOwner } from '../lib/net/port-owner.ts'
import { readIdentity } from '../project/index.ts'
import { type Open, type ProxyServer, serveProxy } from '../proxy/index.ts'
import type { Project, Reporting } from './project.ts'
import { opener } from './proxy/open.ts'
import { Sessions } from './proxy/sessions.ts'
import type { ProxyResult } from './results.ts'

/** Only this host gets in. */
const host = '127.0.0.1'
const usualPort = 1080

export interface ProxyOptions {
  /** Null: the usual one, or where that is taken any other. */
  port: number | null
  /** It serves, until the user interrupts. */
  onReady(result: ProxyResult): void
}

/**
 * Serves SOCKS and HTTP on a port of the host's loopback, and leads to the project's machines by their names and
 * private addresses, and nowhere else. Resolves when the user interrupts, which is how it ends.
 *
 * @throws PosadaError E_PORT_IN_USE, E_NO_PERMISSION, E_NOT_CREATED
 */
export async function proxy(project: Project, { port, onReady }: ProxyOptions): Promise<ProxyResult> {
  const identity = await readIdentity(project.paths)
  if (identity === null)
    throw new PosadaError('E_NOT_CREATED', 'the project has no machines yet', {
      hint: 'posada up creates them',
    })
  const sessions = new Sessions(project)
  const server = await listen(port, telling(project, opener(project, identity.id, sessions)))
  try {
    const result = resultOf(server.port, project.manifest.name)
    onReady(result)
    await interrupted(project.signal)
    return result
  } finally {
    await server.close()
    await sessions.close()
  }
}

function resultOf(port: number, project: string): ProxyResult {
  return { project, host, port, socks: `socks5h://${host}:${port}`, http: `http://${host}:${port}` }
}

async function listen(port: number | null, open: Open): Promise<ProxyServer> {
  try {
    return await serveProxy({ host, port: port ?? usualPort }, open)
  } catch (error) {
    if (!isErrno(error, 'EADDRINUSE')) throw error
    if (port === null) return serveProxy({ host, port: 0 }, open)
    const owner = await portOwner('tcp', port)
    const by = owner === null ? '' : ` by ${owner.name} (pid ${owner.pid})`
    throw new PosadaError('E_PORT_IN_USE', `port ${port}/tcp of ${host} is in use${by}`, {
      value: String(port),
      hint: 'choose another; --port 0 takes a free one',
    })
  }
}

/** Says why a connection was not made, once in a row. */
function telling(project: Reporting, open: Open): Open {
  let told = ''
  return async (to) => {
    const opened = await open(to)
    const message = 'refused' in opened ? opened.message : ''
    if (message !== told && message !== '')
      project.emit({ type: 'notice', level: 'warn', message: `no connection to ${message}` })
    told = message
    return opened
  }
}

function interrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
