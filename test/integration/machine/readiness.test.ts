import { readFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { awaitReady } from '../../../src/machine/readiness/await-ready.ts'
import type { ReadyProbe } from '../../../src/manifest/index.ts'
import { connect } from '../../../src/ssh/connect.ts'
import type { SshSession } from '../../../src/ssh/session.ts'
import { freePort } from '../../helpers/free-port.ts'
import { aMachine } from '../../helpers/model.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// Probes over Debian's sshd on this host: no machine is booted. The whole file takes some 10 s.

const place = { file: '/shop/posada.yaml', line: 7, column: 3 }
const base = { hint: null, interval: 100, timeout: 5000, place }
const never = new AbortController().signal

let sshd: TestServer
let session: SshSession
const servers: Server[] = []
beforeAll(async () => {
  sshd = await startSshd()
})
afterAll(() => sshd?.stop())
beforeEach(async () => {
  session = await connect(sshd.target)
})
afterEach(async () => {
  await session.close()
  for (const server of servers.splice(0)) server.close()
})

async function listening(server: Server, port = 0): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const wait = (ready: ReadyProbe[], signal = never) =>
  awaitReady(aMachine({ ready, env: { GREETING: 'hello' } }), {
    session,
    console: { path: '/nowhere', from: 0 },
    signal,
  })
const http = (port: number, path = '/'): ReadyProbe => ({
  ...base,
  kind: 'http',
  host: 'localhost',
  port,
  path,
})
const shell = (script: string): ReadyProbe => ({ ...base, kind: 'shell', script })

describe('what is ready', () => {
  it('is a port that takes connections, as soon as it does', async () => {
    const port = await freePort()
    const waiting = wait([{ ...base, kind: 'tcp', port }])
    setTimeout(() => void listening(createServer(), port), 300)
    await waiting
  })

  it('is a GET answered well, at its path', async () => {
    const seen: string[] = []
    const port = await listening(
      createHttpServer(({ method, url, headers }, response) => {
        seen.push(`${method} ${url} ${headers.host}`)
        response.writeHead(seen.length < 3 ? 503 : 204).end()
      }),
    )
    await wait([http(port, '/health?deep=1')])
    expect(seen).toEqual(Array(3).fill(`GET /health?deep=1 localhost:${port}`))
  })

  it('is a script that ends with 0, in the environment of the machine', async () => {
    await wait([shell('[ "$GREETING" = hello ]')])
  })

  it('is a script that has ended, whatever it left in the background', async () => {
    const file = join(sshd.dir, 'left')
    await wait([{ ...shell(`sleep 600 & echo $! > ${file}`), timeout: 60_000 }])
    process.kill(Number(await readFile(file, 'utf8')), 'SIGKILL')
  })
})

describe('what is not', () => {
  it('is told with the last answer, the probe, its place and the hint', async () => {
    const port = await freePort()
    const probe: ReadyProbe = { ...base, kind: 'tcp', port, timeout: 300, hint: 'look at the log' }
    await expect(wait([probe])).rejects.toMatchObject({
      code: 'E_NOT_READY',
      message: `machine web is not ready after 300ms: port ${port}: nothing answers there`,
      value: `tcp ${port}`,
      place,
      hint: 'look at the log',
    })
  })

  it('has the end of what the script wrote', async () => {
    const probe = { ...shell('seq 9; echo no >&2; exit 3'), timeout: 300 }
    await expect(wait([probe])).rejects.toMatchObject({
      message: expect.stringContaining('the script ended with 3'),
      details: expect.arrayContaining(['9', 'no']),
      hint: expect.stringContaining('posada ssh web'),
    })
  })

  it('may be several at once, told together', async () => {
    const port = await listening(
      createHttpServer((_, response) => void response.writeHead(500).end('broken')),
    )
    const probes = [http(port), shell('exit 1'), shell('true')].map((probe) => ({ ...probe, timeout: 400 }))
    await expect(wait(probes)).rejects.toMatchObject({
      code: 'E_NOT_READY',
      message: 'machine web is not ready: 2 of 3 probes',
      problems: [
        { message: expect.stringContaining('GET was answered with 500') },
        { message: expect.stringContaining('the script ended with 1') },
      ],
    })
  })

  it('is a server that never answers, writes nonsense without end, or a script that hangs', async () => {
    const silent = await listening(createServer(() => undefined))
    const flood = await listening(
      createServer((socket) => {
        socket.on('error', () => undefined)
        const more = () => void (socket.write('x'.repeat(1000)) && setImmediate(more))
        more()
      }),
    )
    const probes = [http(silent), http(flood), shell('sleep 60')].map((probe) => ({ ...probe, timeout: 700 }))
    const failure = await wait(probes).catch((error: { problems: { message: string }[] }) => error)
    expect(failure?.problems.map(({ message }) => message.replace(/.*: /, ''))).toEqual([
      'no answer within 1s',
      'the answer to GET is not HTTP',
      'the script did not end within 1s',
    ])
  })
})

describe('what ends the waiting', () => {
  it('is an interruption, with its reason', async () => {
    const controller = new AbortController()
    const waiting = wait([shell('sleep 60')], controller.signal)
    setTimeout(() => controller.abort(new Error('interrupted')), 200)
    await expect(waiting).rejects.toThrow('interrupted')
  })

  it('is the guest going away', async () => {
    const waiting = wait([{ ...base, kind: 'tcp', port: await freePort(), timeout: 20_000 }])
    setTimeout(() => session.client.end(), 200)
    await expect(waiting).rejects.toMatchObject({ code: 'E_SSH_LOST' })
  })
})
