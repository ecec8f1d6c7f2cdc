import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { adopt } from '../../../src/app/adopt.ts'
import { emptyQcow2 } from '../../../src/lib/disk/qcow2-empty.ts'
import { ensureIdentity, readIdentity } from '../../../src/project/identity.ts'
import { readState, writeState } from '../../../src/project/machine-state.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'
import { aState } from '../../helpers/model.ts'
import { projectIn, userIn } from '../../helpers/own-paths.ts'

/** A project with a machine, whose user has lost the key since then; `base`: what its disk lies on, in the store. */
async function setUp({ base = 'root.raw' } = {}) {
  const home = await temporaryFolder(onTestFinished)
  const root = join(home, 'shop')
  await mkdir(root)
  await writeFile(join(root, 'posada.yaml'), 'version: 1\nbox: debian/12\n')
  const paths = projectIn(root, home)
  const { id } = await ensureIdentity(paths)
  const web = paths.machine('web')
  await mkdir(web.data, { recursive: true })
  const state = aState()
  await writeState(web, state)
  // Not by join, which would take the dots away.
  const at = `${userIn(home).boxes}/sha256/${state.box.digest}/${base}`
  const overlay = emptyQcow2({ size: 2 ** 30, base: { path: at, format: 'raw' } })
  await writeFile(web.disk('root'), overlay)
  await rm(paths.user.key)
  const env = { HOME: home, XDG_RUNTIME_DIR: join(home, 'run') }
  const { signal } = new AbortController()
  const take = (agree: () => Promise<void> = async () => undefined) =>
    adopt({ file: undefined, cwd: root, env, emit: () => undefined, signal }, agree)
  return { id, root, paths, web, state, take }
}

it('takes over what was sealed with a key that was lost, after it was shown', async () => {
  const { id, root, paths, web, state, take } = await setUp()
  await expect(readState(web)).rejects.toMatchObject({
    code: 'E_STATE_FOREIGN',
    hint: expect.stringContaining('posada trust --adopt'),
  })
  await expect(take(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  await expect(readIdentity(paths)).rejects.toMatchObject({ code: 'E_STATE_FOREIGN' })
  const web1 = { name: 'web', provider: 'qemu', box: 'debian/12@20261122.1', user: 'posada', disks: ['root'] }
  expect(await take()).toEqual({ root, project: id, machines: [web1] })
  expect(await readIdentity(paths)).toMatchObject({ id })
  expect(await readState(web)).toMatchObject({ provider: state.provider, box: state.box, login: state.login })
  expect(await take(() => Promise.reject(new Error('asked again')))).toEqual({
    root,
    project: null,
    machines: [],
  })
})

it.each(['../../../../../secret', '../other/root.raw'])(
  'takes over no disk that lies on %s',
  async (base) => {
    const { web, take } = await setUp({ base })
    await expect(take()).rejects.toMatchObject({ code: 'E_STATE_FOREIGN', value: web.disk('root') })
    await expect(readState(web)).rejects.toMatchObject({ code: 'E_STATE_FOREIGN' })
  },
)

it('takes over no links, and nothing that makes no sense or changed meanwhile', async () => {
  const { root, web, take } = await setUp()
  const text = await readFile(web.state, 'utf8')
  const swap = async () => writeFile(web.state, text.replace('"qemu"', '"evil"'))
  await expect(take(swap)).rejects.toMatchObject({ code: 'E_STATE_FOREIGN', value: web.state })
  await writeFile(web.state, text.replace('"name": "root"', '"name": "../../x"'))
  await expect(take()).rejects.toMatchObject({ code: 'E_STATE_CORRUPT' })
  await rm(web.state)
  await symlink(join(root, 'posada.yaml'), web.state)
  await expect(take()).rejects.toMatchObject({ code: 'E_STATE_FOREIGN', value: web.state })
})
