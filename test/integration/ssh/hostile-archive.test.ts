import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import ssh2 from 'ssh2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connect, download, generateKeyPair, type SshSession } from '../../../src/ssh/index.ts'
import { tar } from '../../helpers/tar.ts'

// A guest that lies in what it sends of a folder. The whole file takes 5 s.

let dir: string
let to: string
let server: ssh2.Server | undefined
let session: SshSession | undefined

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-hostile-'))
  to = join(dir, 'to')
  await mkdir(to)
})
afterEach(async () => {
  await session?.close()
  await new Promise((resolve) => (server === undefined ? resolve(null) : server.close(resolve)))
  session = server = undefined
  await rm(dir, { recursive: true, force: true })
})

const folder = 'folder'.padEnd(64)

/** What a guest sends for whatever command, and how that ends. */
async function lyingServer(sent: () => Buffer, code = 0): Promise<SshSession> {
  await writeFile(join(dir, 'key'), generateKeyPair('login').privateKey, { mode: 0o600 })
  server = new ssh2.Server({ hostKeys: [generateKeyPair('host').privateKey] }, (client) => {
    client.on('error', () => client.end())
    client.on('authentication', (context) => context.accept())
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec) => {
        const channel = acceptExec()
        channel.on('error', () => undefined)
        channel.once('data', (start: Buffer) => {
          // The mark that the command's output begins with.
          const mark = /^echo (\S+);/.exec(start.toString('latin1'))?.[1]
          channel.write(`${mark}\n`)
          channel.stderr.write(`${mark} 999999\n`)
          channel.write(sent())
          channel.exit(code)
          channel.end()
        })
      })
    })
  })
  const listening = server
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  session = await connect({
    host: '127.0.0.1',
    port: address.port,
    user: 'u',
    keyFile: join(dir, 'key'),
    knownHostsFile: join(dir, 'known_hosts'),
    hostAlias: 'evil',
  })
  return session
}

const top = { name: './', type: '5' }

async function refusedArchive(members: Parameters<typeof tar>[0], message: string): Promise<void> {
  const guest = await lyingServer(() => Buffer.concat([Buffer.from(folder), tar(members)]))
  const work = download(guest, { from: '/srv', to: join(to, 'srv') })
  await expect(work).rejects.toMatchObject({ code: 'E_COPY', message: expect.stringContaining(message) })
  expect((await readdir(dir)).sort()).toEqual(['key', 'known_hosts', 'to'])
  const files = await readdir(to, { recursive: true })
  expect(files.filter((name) => name.endsWith('.tmp') || name.includes('evil'))).toEqual([])
}

test.each(['../evil', './a/../../evil', '/etc/evil', './a//evil', './..'])(
  'the name %j is refused, and nothing is written',
  (name) => refusedArchive([top, { name: './a/', type: '5' }, { name, content: 'x' }], 'leads outside'),
)

test.each([
  ['a file in a folder that did not come', [top, { name: './a/evil', content: 'x' }]],
  [
    'a file in what is a link',
    [top, { name: './a', type: '2', link: '.' }, { name: './a/evil', content: 'x' }],
  ],
  ['a file in what is a file', [top, { name: './a', content: 'a' }, { name: './a/evil', content: 'x' }]],
  ['a name twice', [top, { name: './a', type: '2', link: 'b' }, { name: './a', content: 'x' }]],
  ['a folder over a link', [top, { name: './a', type: '2', link: '..' }, { name: './a/', type: '5' }]],
  ['no folder at all', [{ name: './evil', content: 'x' }]],
  ['the folder twice', [top, top]],
])('%s is refused', (_what, members) => refusedArchive(members, 'comes twice, or before'))

test.each([
  ['a hard link to a file of the host', [top, { name: './evil', type: '1', link: '/etc/passwd' }]],
  ['a hard link out of it', [top, { name: './evil', type: '1', link: './../../key' }]],
  [
    'a hard link to a link',
    [top, { name: './a', type: '2', link: 'b' }, { name: './evil', type: '1', link: './a' }],
  ],
])('%s is refused', (_what, members) => refusedArchive(members, 'a hard link to a file that was not sent'))

test('a huge extended header is refused', () =>
  refusedArchive([top, { name: 'x', type: 'x', size: 2 ** 30 }], 'extended header'))

test('devices, pipes and links that lead out are left out and named; the others come', async () => {
  const members = [
    top,
    { name: './null', type: '3' },
    { name: './pipe', type: '6' },
    { name: './out', type: '2', link: '../..' },
    { name: './in', type: '2', link: './file' },
    { name: './file', content: 'x' },
    { name: './same', type: '1', link: './file' },
  ]
  const guest = await lyingServer(() => Buffer.concat([Buffer.from(folder), tar(members)]))
  const result = await download(guest, { from: '/srv', to })
  expect(result).toEqual({ files: 2, bytes: 1, skipped: ['/srv/null', '/srv/pipe', '/srv/out'] })
  expect((await readdir(join(to, 'srv'))).sort()).toEqual(['file', 'in', 'same'])
  expect(await readlink(join(to, 'srv', 'in'))).toBe('./file')
  expect((await stat(join(to, 'srv', 'same'))).nlink).toBe(2)
})

test('a file is not written through a link that is there', async () => {
  await mkdir(join(to, 'srv'))
  await writeFile(join(dir, 'mine'), 'mine')
  await symlink(join(dir, 'mine'), join(to, 'srv', 'file'))
  const members = [top, { name: './file', content: 'evil' }]
  const guest = await lyingServer(() => Buffer.concat([Buffer.from(folder), tar(members)]))
  await download(guest, { from: '/srv', to })
  expect(await readFile(join(dir, 'mine'), 'utf8')).toBe('mine')
  expect(await readFile(join(to, 'srv', 'file'), 'utf8')).toBe('evil')
})

test('an archive that is cut off leaves no half file', async () => {
  const whole = Buffer.concat([Buffer.from(folder), tar([top, { name: './a', content: 'x'.repeat(5000) }])])
  const guest = await lyingServer(() => whole.subarray(0, 64 + 512 + 512 + 2000))
  const work = download(guest, { from: '/srv', to: join(to, 'srv') })
  await expect(work).rejects.toMatchObject({ message: expect.stringContaining('arrived incomplete') })
  expect(await readdir(join(to, 'srv'))).toEqual([])
})

test.each([
  ['more than its size', () => Buffer.from(`${'file 4 644 0'.padEnd(64)}evilevil`), 0, 'more than the size'],
  ['nothing', () => Buffer.alloc(0), 0, 'in an unknown form'],
  ['something else', () => Buffer.from('x'.repeat(500)), 0, 'in an unknown form'],
  ['a part, and then fails', () => Buffer.from(`${'file 4 644 0'.padEnd(64)}ev`), 137, 'cannot be copied'],
])('a file that is %s is not taken', async (_what, sent, code, message) => {
  const guest = await lyingServer(sent, code)
  const work = download(guest, { from: '/srv/a', to: join(to, 'a') })
  await expect(work).rejects.toMatchObject({ code: 'E_COPY', message: expect.stringContaining(message) })
  expect(await readdir(to)).toEqual([])
})

test('whatever is sent, only the folder that is copied to is changed', async () => {
  let sent = Buffer.alloc(0)
  const guest = await lyingServer(() => sent)
  const name = fc.oneof(fc.constantFrom('./', './a/', './a/b', '../evil', './a/../b', './l'), fc.string())
  const member = fc.record({
    name,
    type: fc.constantFrom('0', '1', '2', '3', '5', '6', 'x', 'L', 'K', 'S'),
    link: name,
    content: fc.string(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(member), async (members) => {
      sent = Buffer.concat([Buffer.from(folder), tar([top, ...members])])
      await download(guest, { from: '/srv', to: join(to, 'srv') }).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'E_COPY' })
      })
      expect((await readdir(dir)).sort()).toEqual(['key', 'known_hosts', 'to'])
      expect(await readdir(to)).toEqual(['srv'])
      await rm(join(to, 'srv'), { recursive: true })
    }),
    { numRuns: 60 },
  )
})
