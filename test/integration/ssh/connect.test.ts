import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type ConnectOptions,
  capture,
  connect,
  generateKeyPair,
  type SshStage,
  waitForSsh,
} from '../../../src/ssh/index.ts'
import { freePort } from '../../helpers/free-port.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// The whole file takes some 20 s.

let server: TestServer
beforeEach(async () => {
  server = await startSshd()
})
afterEach(() => server?.stop())

async function works(options: ConnectOptions = {}): Promise<string> {
  const session = await connect(server.target, options)
  try {
    expect((await capture(session, ['echo', 'hello'])).stdout).toBe('hello\n')
    return session.keyFile
  } finally {
    await session.close()
  }
}

describe('logging in', () => {
  test('records the host key at the first contact, in the format of known_hosts', async () => {
    await works()
    const recorded = await readFile(server.target.knownHostsFile, 'utf8')
    expect(recorded).toMatch(/^box ssh-ed25519 [A-Za-z0-9+/=]+\n$/)
    await works()
    expect(await readFile(server.target.knownHostsFile, 'utf8')).toBe(recorded)
  })

  test('another host key than the recorded one is refused, with both fingerprints', async () => {
    const other = generateKeyPair('').publicKey.trim()
    await writeFile(server.target.knownHostsFile, `box ${other}\n`)
    const failure = await connect(server.target).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'E_SSH_HOST_KEY', machine: 'box' })
    expect(String((failure as { details: string[] }).details)).toMatch(/SHA256:.*SHA256:/s)
    expect(await readFile(server.target.knownHostsFile, 'utf8')).toBe(`box ${other}\n`)
  })

  test('a key that the guest does not know is E_SSH_AUTH, and no host key is recorded', async () => {
    await writeFile(server.target.keyFile, generateKeyPair('').privateKey)
    await expect(connect(server.target)).rejects.toMatchObject({ code: 'E_SSH_AUTH' })
    await expect(readFile(server.target.knownHostsFile)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test("the box's key is tried first, then the machine's own", async () => {
    const boxKey = join(server.dir, 'box_key')
    await writeFile(boxKey, await readFile(server.target.keyFile))
    expect(await works({ boxKeyFiles: [boxKey] })).toBe(boxKey)
    await writeFile(boxKey, generateKeyPair('').privateKey)
    expect(await works({ boxKeyFiles: [boxKey] })).toBe(server.target.keyFile)
    await rm(boxKey)
    expect(await works({ boxKeyFiles: [boxKey] })).toBe(server.target.keyFile)
  })

  test("the machine's own is tried first where the guest should have it already", async () => {
    const boxKey = join(server.dir, 'box_key')
    await writeFile(boxKey, await readFile(server.target.keyFile))
    const keys = { boxKeyFiles: [boxKey], ownKeyFirst: true }
    expect(await works(keys)).toBe(server.target.keyFile)
    await writeFile(server.target.keyFile, generateKeyPair('').privateKey)
    expect(await works(keys)).toBe(boxKey)
  })

  test('no key at all', async () => {
    await rm(server.target.keyFile)
    await expect(connect(server.target)).rejects.toMatchObject({
      code: 'E_SSH_AUTH',
      value: server.target.keyFile,
    })
  })

  test('an interrupted login rejects with the reason', async () => {
    for (const at of ['tcp', 'banner', 'handshake']) {
      const control = new AbortController()
      const onStage = (stage: SshStage) => stage === at && control.abort(new Error(`stopped at ${at}`))
      await expect(connect(server.target, { signal: control.signal, onStage })).rejects.toThrow(
        `stopped at ${at}`,
      )
    }
  })
})

describe('a server that misbehaves', () => {
  const sockets = new Set<Socket>()
  let bad: Server | undefined
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => (bad === undefined ? resolve(null) : bad.close(resolve)))
    bad = undefined
  })

  async function target(behave: (socket: Socket) => void) {
    bad = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      behave(socket)
    })
    const port = await freePort()
    await new Promise<void>((resolve) => bad?.listen(port, '127.0.0.1', resolve))
    return { ...server.target, port }
  }

  test.each<[string, string, (socket: Socket) => void]>([
    ['says nothing', 'sent no SSH banner', () => undefined],
    ['closes at once', 'sent no SSH banner', (socket) => socket.end()],
    ['resets at once', 'no SSH connection', (socket) => socket.resetAndDestroy()],
    ['speaks HTTP', 'key exchange', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['sends garbage', 'key exchange', (socket) => socket.write(Buffer.alloc(100_000, 0xe7))],
    ['sends a banner without end', 'key exchange', (socket) => flood(socket)],
    ['stops after its banner', 'key exchange', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')],
    [
      'closes in the handshake',
      'key exchange',
      (socket) => {
        socket.write('SSH-2.0-OpenSSH_9.2\r\n')
        socket.once('data', () => socket.destroy())
      },
    ],
    [
      'sends garbage in the handshake',
      'key exchange',
      (socket) => {
        socket.write('SSH-2.0-OpenSSH_9.2\r\n')
        socket.write(Buffer.alloc(5000, 0x41))
      },
    ],
    ['speaks SSH 1', 'key exchange', (socket) => socket.write('SSH-1.5-old\r\n')],
  ])('%s', async (_name, stage, behave) => {
    const work = connect(await target(behave), { timeout: 1500 })
    await expect(work).rejects.toMatchObject({
      code: 'E_SSH_CONNECT',
      message: expect.stringContaining(stage),
      machine: 'box',
    })
  })

  test('no one listens', async () => {
    const work = connect({ ...server.target, port: await freePort() })
    await expect(work).rejects.toMatchObject({
      code: 'E_SSH_CONNECT',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('waiting opens one connection at a time and says how far it got', async () => {
    let most = 0
    let count = 0
    const silent = await target((socket) => {
      count++
      most = Math.max(most, count)
      socket.once('close', () => count--)
      setTimeout(() => socket.destroy(), 100)
    })
    const stages: SshStage[] = []
    const work = waitForSsh(silent, { timeout: 2500, onStage: (stage) => stages.push(stage) })
    await expect(work).rejects.toMatchObject({ code: 'E_SSH_CONNECT' })
    expect(most).toBe(1)
    expect(stages).toEqual(['tcp'])
  })
})

describe('waiting for a guest', () => {
  test('that comes up later', async () => {
    const port = await freePort()
    const work = waitForSsh({ ...server.target, port }, { timeout: 10_000 })
    const proxy = createServer((socket) => relay(socket, server.target.port))
    setTimeout(() => proxy.listen(port, '127.0.0.1'), 1000)
    try {
      const session = await work
      await session.close()
    } finally {
      await new Promise((resolve) => proxy.close(resolve))
    }
  })

  test('with the wrong host key ends at once', async () => {
    await writeFile(server.target.knownHostsFile, `box ${generateKeyPair('').publicKey.trim()}\n`)
    await chmod(server.target.knownHostsFile, 0o600)
    const began = Date.now()
    await expect(waitForSsh(server.target, { timeout: 20_000 })).rejects.toMatchObject({
      code: 'E_SSH_HOST_KEY',
    })
    expect(Date.now() - began).toBeLessThan(3000)
  })

  test('interrupted', async () => {
    const port = await freePort()
    const signal = AbortSignal.timeout(300)
    const work = waitForSsh({ ...server.target, port }, { timeout: 20_000, signal })
    await expect(work).rejects.toMatchObject({ name: expect.stringMatching(/TimeoutError|AbortError/) })
  })
})

test('a guest that falls silent is noticed', async () => {
  const port = await freePort()
  const relayed = new Set<Socket>()
  const proxy = createServer((socket) => relay(socket, server.target.port, relayed))
  await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve))
  try {
    const session = await connect({ ...server.target, port }, { keepAlive: { interval: 200, count: 2 } })
    const work = capture(session, ['sleep', '5'])
    setTimeout(() => {
      for (const socket of relayed) socket.removeAllListeners('data').pause()
    }, 300)
    await expect(work).rejects.toMatchObject({
      code: 'E_SSH_LOST',
      message: expect.stringContaining('Keepalive'),
    })
  } finally {
    for (const socket of relayed) socket.destroy()
    await new Promise((resolve) => proxy.close(resolve))
  }
})

function flood(socket: Socket): void {
  const line = Buffer.alloc(1000, 'x')
  line.write('\r\n', 998)
  const more = () => {
    while (socket.writable && socket.write(line));
  }
  socket.on('drain', more)
  more()
}

function relay(from: Socket, port: number, sockets = new Set<Socket>()): void {
  const to = new (from.constructor as typeof Socket)()
  to.connect(port, '127.0.0.1')
  for (const [one, other] of [
    [from, to],
    [to, from],
  ] as const) {
    sockets.add(one)
    one.on('data', (data) => other.write(data))
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
}
