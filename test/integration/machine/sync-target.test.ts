import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { sendWorkspace } from '../../../src/machine/sync/send-workspace.ts'
import { prepareTarget } from '../../../src/machine/sync/target.ts'
import { connect, type SshSession } from '../../../src/ssh/index.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// A local sshd stands for the guest. The whole file takes some 5 s.

let server: TestServer
let session: SshSession
let dir: string

beforeAll(async () => {
  server = await startSshd()
  session = await connect(server.target)
})
afterAll(async () => {
  await session?.close()
  await server?.stop()
})
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'posada target-')))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const place = { file: 'posada.yaml', line: 1, column: 1 }
const prepare = (to: string) =>
  prepareTarget(session, {
    ...{ from: '/x', to, type: 'mirror', exclude: [], gitignore: true, git: false, merge: false, place },
  })

it('makes the folder and those above it, and takes one that is there', async () => {
  const to = join(dir, 'a', "it's", 'app')
  await prepare(to)
  await writeFile(join(to, 'file'), 'x')
  await prepare(to)
  expect(await readFile(join(to, 'file'), 'utf8')).toBe('x')
  expect((await lstat(to)).uid).toBe(process.getuid?.())
})

it('refuses what is something else, or lies elsewhere than it says', async () => {
  await writeFile(join(dir, 'file'), '')
  await mkdir(join(dir, 'real', 'app'), { recursive: true })
  await symlink(join(dir, 'real'), join(dir, 'link'))
  for (const [to, message] of [
    ['file', 'is not a folder there'],
    ['file/app', 'is not a folder'],
    ['link', `is a link there, to ${dir}/real`],
    ['link/app', `leads through a link to ${dir}/real/app`],
  ] as const)
    await expect(prepare(join(dir, to)), to).rejects.toMatchObject({
      code: 'E_SYNC_TARGET',
      value: join(dir, to),
      message: expect.stringContaining(message),
    })
  expect(await readdir(join(dir, 'real', 'app'))).toEqual([])
})

it('a copy into a folder that is there leaves what else is in it alone, and nothing beside it', async () => {
  const [from, to] = [join(dir, 'from'), join(dir, 'to')]
  await mkdir(join(from, 'src'), { recursive: true })
  await mkdir(join(to, 'src'), { recursive: true })
  await writeFile(join(from, 'src', 'a'), 'new')
  await writeFile(join(from, 'left.log'), '')
  await writeFile(join(to, 'src', 'a'), 'old')
  await writeFile(join(to, 'own'), '')
  const sizes: number[] = []
  const { signal } = new AbortController()
  const onProgress = (bytes: number) => sizes.push(bytes)
  const sent = await sendWorkspace(session, {
    ...{ root: from, to, git: false, exclude: ['*.log'], signal, onProgress },
  })
  expect(sent.bytes).toBe(3)
  expect(sizes.at(-1)).toBe(3)
  expect(await readFile(join(to, 'src', 'a'), 'utf8')).toBe('new')
  expect(await readdir(to)).toEqual(['own', 'src'])
  expect((await readdir(dir)).sort()).toEqual(['from', 'to'])
})
