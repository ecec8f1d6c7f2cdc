import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  capture,
  clientConfig,
  connect,
  download,
  joinToServer,
  type SshTarget,
  upload,
} from '../../../src/ssh/index.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'
import { relayVsock, type VsockRelay } from '../../helpers/vsock-relay.ts'

// OpenSSH's server behind a socket as a hypervisor has it; under two seconds in all.
let server: TestServer
let relay: VsockRelay
let target: SshTarget

beforeAll(async () => {
  server = await startSshd()
})
afterAll(() => server.stop())
beforeEach(async () => {
  const vsock = join(server.dir, 'vsock')
  relay = await relayVsock(vsock, server.target.port)
  target = { ...server.target, host: 'vsock', port: 22, vsock }
})
afterEach(() => relay.close())

describe('SSH over vsock', () => {
  test('logs in, runs commands side by side, and copies', async () => {
    const session = await connect(target)
    try {
      const words = ['one', 'two', 'three']
      const said = await Promise.all(words.map((word) => capture(session, ['echo', word])))
      expect(said.map(({ stdout }) => stdout.trim())).toEqual(words)
      const [from, there, back] = ['from', 'there', 'back'].map((name) => join(server.dir, name))
      if (from === undefined || there === undefined || back === undefined) throw new Error('names')
      const content = Buffer.alloc(300_000, 'vsock ')
      await writeFile(from, content)
      await upload(session, { from, to: there })
      await download(session, { from: there, to: back })
      expect((await readFile(back)).equals(content)).toBe(true)
    } finally {
      await session.close()
    }
  })

  test('nothing listens in the guest, or no machine runs: E_SSH_CONNECT says so', async () => {
    const failed = (message: string) => ({ code: 'E_SSH_CONNECT', message: expect.stringContaining(message) })
    await expect(connect({ ...target, port: 23 })).rejects.toMatchObject(
      failed("nothing listens on port 23 of the guest's vsock"),
    )
    await relay.close()
    await expect(connect(target)).rejects.toMatchObject(failed('over vsock failed'))
  })

  test.each([
    ['something else', 'SSH-2.0-OpenSSH\r\n', 'is not a hypervisor'],
    ['no end of line', 'O'.repeat(1000), 'is not a hypervisor'],
    ['an end', '', 'nothing listens'],
  ])('%s for an answer is not a connection', async (_, answer, message) => {
    const path = join(server.dir, 'odd')
    const odd = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end(answer),
    )
    await new Promise<void>((resolve) => odd.listen(path, resolve))
    try {
      await expect(connect({ ...target, vsock: path })).rejects.toMatchObject({
        code: 'E_SSH_CONNECT',
        message: expect.stringContaining(message),
      })
    } finally {
      await new Promise((resolve) => odd.close(resolve))
    }
  })

  test('a silent hypervisor is given up after the time for a banner', async () => {
    const path = join(server.dir, 'silent')
    const silent = createServer((socket) => socket.on('error', () => undefined).resume())
    await new Promise<void>((resolve) => silent.listen(path, resolve))
    try {
      await expect(connect({ ...target, vsock: path }, { bannerTimeout: 300 })).rejects.toMatchObject({
        code: 'E_SSH_CONNECT',
      })
    } finally {
      await new Promise((resolve) => silent.close(resolve))
    }
  })
})

describe('joining streams to the server', () => {
  test('brings its first bytes and ends with it', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    const all = buffer(output)
    input.end('SSH-2.0-unknown\r\nnonsense')
    await joinToServer(target, { input, output, signal: AbortSignal.timeout(10_000) })
    output.end()
    expect(String(await all)).toMatch(/^SSH-2\.0-OpenSSH/)
  })

  test("is how OpenSSH's own client comes in", async () => {
    const program = join(server.dir, 'join-streams.cjs')
    await build({
      ...({ bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' } as const),
      entryPoints: [join(import.meta.dirname, '../../fixtures/ssh/join-streams.ts')],
      outfile: program,
      external: ['*.node', 'cpu-features'],
    })
    await (await connect(target)).close() // records the host key
    const config = join(server.dir, 'ssh config')
    const proxy = () => [process.execPath, program, JSON.stringify(target)]
    await writeFile(config, clientConfig([target], proxy))
    const ssh = await promisify(execFile)('ssh', ['-T', '-F', config, 'box', 'echo joined; exit 3']).catch(
      (error: { code: number; stdout: string; stderr: string }) => error,
    )
    expect(ssh).toMatchObject({ code: 3, stdout: 'joined\n', stderr: '' })
  })
})
