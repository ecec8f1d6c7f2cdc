import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A registry in memory that a test looks into and makes do what no honest one does. */
export interface FakeRegistry {
  /** `127.0.0.1:PORT`. */
  host: string
  /** By digest. */
  blobs: Map<string, Buffer>
  /** By repository and tag or digest: `team/shop:1.2`, `team/shop:sha256:…`. */
  manifests: Map<string, { mediaType: string; bytes: Buffer }>
  /** What was asked for, in order: `GET /v2/team/shop/blobs/sha256:…`. */
  requests: string[]
  /** What each request showed. */
  authorizations: (string | undefined)[]
  /** Asked first: true where it has answered itself. */
  instead: ((request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>) | null
  stop(): Promise<void>
}

export async function startFakeRegistry(): Promise<FakeRegistry> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const registry: FakeRegistry = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    blobs: new Map(),
    manifests: new Map(),
    requests: [],
    authorizations: [],
    instead: null,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    registry.requests.push(`${request.method} ${request.url}`)
    registry.authorizations.push(request.headers.authorization)
    // Whoever asked may be gone before it is answered.
    response.on('error', () => undefined)
    try {
      if (registry.instead !== null && (await registry.instead(request, response))) return
      await answer(registry, request, response)
    } catch (error) {
      if (!request.destroyed) throw error
    }
  })
  return registry
}

async function answer(
  { blobs, manifests }: FakeRegistry,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://x')
  const [, repository = '', kind = '', name = ''] =
    /^\/v2\/(.+)\/(manifests|blobs)\/(.*)$/.exec(url.pathname) ?? []
  if (kind === 'blobs' && name === 'uploads/') {
    response.writeHead(202, { location: `/v2/${repository}/blobs/uploads/1?state=x` }).end()
    return
  }
  if (request.method === 'PUT') {
    const bytes = Buffer.concat(await request.toArray())
    if (kind === 'blobs') blobs.set(url.searchParams.get('digest') ?? '', bytes)
    else {
      const stored = { mediaType: request.headers['content-type'] ?? '', bytes }
      manifests.set(`${repository}:${name}`, stored)
      manifests.set(`${repository}:${digestOf(bytes)}`, stored)
    }
    response.writeHead(201).end()
    return
  }
  const manifest = kind === 'manifests' ? manifests.get(`${repository}:${name}`) : undefined
  const bytes = manifest?.bytes ?? (kind === 'blobs' ? blobs.get(name) : undefined)
  if (bytes === undefined) {
    response.writeHead(404, { 'content-type': 'application/json' })
    response.end('{"errors":[{"code":"NAME_UNKNOWN","message":"not here"}]}')
    return
  }
  const type = manifest?.mediaType ?? 'application/octet-stream'
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.length })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
