import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connect, download, generateKeyPair } from '../../../src/ssh/index.ts'

// A guest that lies in its SFTP listings. The whole file takes 2 s.

let dir: string
let server: ssh2.Server

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-hostile-'))
})
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve))
  await rm(dir, { recursive: true, force: true })
})

const FOLDER = 0o040755
const FILE = 0o100644
const LINK = 0o120777
const { STATUS_CODE } = ssh2.utils.sftp

/** A server whose one folder lists these names. */
async function lyingServer(names: { filename: string; mode: number; without?: 'size' | 'mtime' | 'mode' }[]) {
  await writeFile(join(dir, 'key'), generateKeyPair('login').privateKey, { mode: 0o600 })
  const attrs = (mode: number) => ({ mode, uid: 0, gid: 0, size: 4, atime: 0, mtime: 0 })
  server = new ssh2.Server({ hostKeys: [generateKeyPair('host').privateKey] }, (client) => {
    client.on('error', () => client.end())
    client.on('authentication', (context) => context.accept())
    client.on('session', (accept) => {
      accept().on('sftp', (acceptSftp) => {
        const sftp = acceptSftp()
        let listed = false
        sftp.on('STAT', (id) => sftp.attrs(id, attrs(FOLDER)))
        sftp.on('OPENDIR', (id) => sftp.handle(id, Buffer.from('d')))
        sftp.on('READDIR', (id) => {
          if (listed) sftp.status(id, STATUS_CODE.EOF)
          else
            sftp.name(
              id,
              names.map(({ filename, mode, without }) => ({
                filename,
                longname: '',
                attrs: { ...attrs(mode), ...(without === undefined ? {} : { [without]: undefined }) },
              })),
            )
          listed = true
        })
        sftp.on('CLOSE', (id) => sftp.status(id, STATUS_CODE.OK))
        sftp.on('READLINK', (id) => sftp.name(id, [{ filename: '/etc', longname: '', attrs: attrs(LINK) }]))
        sftp.on('OPEN', (id) => sftp.handle(id, Buffer.from('f')))
        sftp.on('READ', (id) => sftp.data(id, Buffer.from('evil')))
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const { port } = address
  return connect({
    host: '127.0.0.1',
    port,
    user: 'u',
    keyFile: join(dir, 'key'),
    knownHostsFile: join(dir, 'known_hosts'),
    hostAlias: 'evil',
  })
}

test.each([
  ['../escape', FILE],
  ['a/b', FILE],
  ['/etc/passwd', FILE],
  ['nul\0byte', FILE],
  ['', FILE],
])('the name %j is refused, and nothing is written', async (filename, mode) => {
  const session = await lyingServer([{ filename, mode }])
  try {
    const work = download(session, { from: '/srv', to: join(dir, 'to') })
    await expect(work).rejects.toMatchObject({
      code: 'E_COPY',
      message: expect.stringContaining('lists a file'),
    })
    expect((await readdir(dir)).sort()).toEqual(['key', 'known_hosts'])
  } finally {
    await session.close()
  }
})

test('a name that comes twice, as a link and as a folder, is refused', async () => {
  const session = await lyingServer([
    { filename: 'a', mode: LINK },
    { filename: 'a', mode: FOLDER },
  ])
  try {
    await expect(download(session, { from: '/srv', to: join(dir, 'to') })).rejects.toMatchObject({
      code: 'E_COPY',
    })
  } finally {
    await session.close()
  }
})

test('a file that never ends is read no further than the size it was given', async () => {
  const session = await lyingServer([{ filename: 'a', mode: FILE }])
  try {
    expect(await download(session, { from: '/srv', to: join(dir, 'to') })).toMatchObject({
      files: 1,
      bytes: 4,
    })
  } finally {
    await session.close()
  }
})

test('a file without a size is refused', async () => {
  const session = await lyingServer([{ filename: 'one', mode: FILE, without: 'size' }])
  try {
    await expect(download(session, { from: '/srv', to: join(dir, 'to') })).rejects.toMatchObject({
      code: 'E_COPY',
    })
  } finally {
    await session.close()
  }
})

test('a file without a time is copied', async () => {
  const session = await lyingServer([{ filename: 'one', mode: FILE, without: 'mtime' }])
  try {
    expect(await download(session, { from: '/srv', to: join(dir, 'to') })).toMatchObject({ files: 1 })
  } finally {
    await session.close()
  }
})
