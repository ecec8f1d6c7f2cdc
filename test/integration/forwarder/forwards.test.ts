import { once } from 'node:events'
import {
  type AddressInfo,
  connect as connectTo,
  createServer,
  type ListenOptions,
  type Server,
} from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Forwards } from '../../../src/forwarder/forwards.ts'
import { connect } from '../../../src/ssh/connect.ts'
import type { SshSession } from '../../../src/ssh/session.ts'
import { freePort } from '../../helpers/free-port.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// Over Debian's sshd on this host, which plays the guest: no machine is booted. Some 5 s.

let sshd: TestServer
let session: SshSession | null
let forwards: Forwards
const told: string[] = []
const servers: Server[] = []
beforeAll(async () => {
  sshd = await startSshd()
  session = await connect(sshd.target)
})
afterAll(async () => {
  await session?.close()
  await sshd?.stop()
})
afterEach(async () => {
  await forwards.sync([])
  told.length = 0
  for (const server of servers.splice(0)) server.close()
})

/** A server of the guest that sends back what it hears, and ends when it has heard all. */
async function echo(where: ListenOptions = { host: '127.0.0.1' }): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  servers.push(server)
  await once(server.listen({ ...where, port: 0 }), 'listening')
  return (server.address() as AddressInfo).port
}

async function ask(port: number, text: string | Buffer): Promise<Buffer> {
  const socket = connectTo({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  socket.end(text)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(chunks)
}

const make = (avoid: number[] = []) =>
  new Forwards({ session: () => session, avoid: new Set(avoid), tell: (line) => told.push(line) })
const guest = (port: number) => ({ port, hosts: ['127.0.0.1', '::1'] as const })
const hostPort = (guestPort: number) =>
  forwards.list().find((one) => one.guestPort === guestPort)?.hostPort ?? 0

describe('forwards', () => {
  it.each([
    ['IPv4 only', { host: '127.0.0.1' }],
    ['IPv6 only, on loopback', { host: '::1' }],
    ['IPv6 only, on all addresses', { host: '::', ipv6Only: true }],
    ['both', { host: '::' }],
  ])('reaches a listener on %s', async (_, where) => {
    const port = await echo(where)
    // Here the guest is this host: its 127.0.0.1 must not be taken by the forward itself.
    forwards = make([port])
    await forwards.sync([guest(port)])
    expect((await ask(hostPort(port), 'over to you')).toString()).toBe('over to you')
  })

  it('carry every byte both ways, and the end of each side', async () => {
    const port = await echo()
    forwards = make()
    await forwards.sync([guest(port)])
    const data = Buffer.alloc(300_000, 'abc')
    expect((await ask(hostPort(port), data)).equals(data)).toBe(true)
    expect(told).toEqual([`127.0.0.1:${hostPort(port)} leads to ${port}`])
  })

  it('take another port where the guest’s own is taken, and keep it', async () => {
    const port = await echo()
    forwards = make()
    await forwards.sync([guest(port)])
    const first = hostPort(port)
    expect(first).not.toBe(port)
    await forwards.sync([])
    expect(await ask(first, 'x')).toHaveLength(0)
    await forwards.sync([guest(port)])
    expect(hostPort(port)).toBe(first)
  })

  it('have the guest’s own port where it is free, not used otherwise and not privileged', async () => {
    const [free, avoided] = [await freePort(), await freePort()]
    forwards = make([avoided])
    await forwards.sync([guest(free), guest(avoided), guest(80)])
    expect(hostPort(free)).toBe(free)
    expect(hostPort(avoided)).not.toBe(avoided)
    expect(hostPort(80)).toBeGreaterThanOrEqual(1024)
  })

  it('are at most as many connections as may be, over all ports', async () => {
    const [one, other] = [await echo(), await echo()]
    const most = { ofPort: 2, ofAll: 3 }
    forwards = new Forwards({
      session: () => session,
      avoid: new Set(),
      tell: (line) => told.push(line),
      most,
    })
    await forwards.sync([guest(one), guest(other)])
    const open = (port: number) => {
      const socket = connectTo({ port: hostPort(port), host: '127.0.0.1' })
      socket.on('error', () => undefined)
      socket.write('x')
      return Promise.race([
        once(socket, 'data').then(() => 'taken'),
        once(socket, 'close').then(() => 'closed'),
      ])
    }
    expect([await open(one), await open(one), await open(one)]).toEqual(['taken', 'taken', 'closed'])
    expect([await open(other), await open(other)]).toEqual(['taken', 'closed'])
  })

  it('take no port of this host on which somebody listens on all addresses', async () => {
    const mine = createServer()
    servers.push(mine)
    await once(mine.listen(0), 'listening')
    const { port } = mine.address() as AddressInfo
    forwards = make()
    await forwards.sync([guest(port)])
    expect(hostPort(port)).not.toBe(port)
  })

  it('close a connection that the guest does not take, or while there is none to it', async () => {
    const silent = await freePort()
    forwards = make()
    await forwards.sync([guest(silent)])
    expect(await ask(hostPort(silent), 'x')).toHaveLength(0)
    const before = session
    session = null
    expect(await ask(hostPort(silent), 'x')).toHaveLength(0)
    session = before
  })

  it('come and go many times without a rest', async () => {
    const port = await echo()
    forwards = make()
    for (let round = 0; round < 50; round++) await forwards.sync(round % 2 === 0 ? [guest(port)] : [])
    expect(forwards.list()).toEqual([])
    expect(told).toHaveLength(50)
  })
})
