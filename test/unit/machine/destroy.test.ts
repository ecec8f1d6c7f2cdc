import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { openProject } from '../../../src/app/open-project.ts'
import { isPosadaError, type PosadaError } from '../../../src/errors/index.ts'
import { destroy } from '../../../src/machine/destroy.ts'
import { ensureIdentity } from '../../../src/project/identity.ts'
import { withLock } from '../../../src/project/lock.ts'
import { type MachineState, writeState } from '../../../src/project/machine-state.ts'
import { noteInIndex, readIndex } from '../../../src/project/user-index.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'
import { aState } from '../../helpers/model.ts'
import { projectIn } from '../../helpers/own-paths.ts'

const manifest = 'version: 1\nname: shop\nmachines: {web: {box: debian/12}, db: {box: debian/12}}\n'

/** A project with machines in it, and what no command of it may touch: the victim's files, and other machines' sockets. */
async function setUp() {
  const folder = await temporaryFolder(onTestFinished)
  const root = join(folder, 'shop')
  const paths = projectIn(root, folder)
  for (const each of ['victim/data', 'run/posada/ffffffff', 'shop'])
    mkdirSync(join(folder, each), { recursive: true, mode: 0o700 })
  for (const each of ['victim/x.qcow2', 'victim/data/root.qcow2', 'run/posada/ffffffff/qmp.sock', 'x.qcow2'])
    writeFileSync(join(folder, each), 'precious')
  writeFileSync(join(root, 'posada.yaml'), manifest)
  writeFileSync(join(root, 'x.qcow2'), 'precious')
  const env = { HOME: folder, XDG_RUNTIME_DIR: join(folder, 'run') }
  const run = async () => {
    const { signal } = new AbortController()
    const project = await openProject({
      cwd: root,
      env,
      emit: () => undefined,
      signal,
      command: 'posada destroy',
    })
    return destroy(project, [])
  }
  return { folder, root, paths, run }
}

/** Every path below a folder but what is under `.posada`, which is the project's to remove. */
function below(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (name === '.posada' || name === '0a1b2c3d') return []
    return lstatSync(path).isDirectory() ? [path, ...below(path)] : [path]
  })
}

/** None of these leads out of the test's own folder, wherever it is joined to: a fault must not cost more than that. */
const names = fc.constantFrom('..', '../../x', '../../../../x', '../../../../../victim/x', 'root', '')
const anythingIn = (folder: string) =>
  fc.oneof(
    names,
    fc.constantFrom(join(folder, 'victim'), join(folder, 'run/posada'), join(folder, 'x.qcow2'), folder),
    fc.jsonValue({ noUnicodeString: true }).filter((value) => typeof value !== 'string'),
    fc.constantFrom('0a1b2c3d', 'ffffffff', 'qemu', 'kvm'),
  )
const parts = ['provider', 'box', 'login', 'ports', 'networks', 'start', 'stop', 'provision'] as const
const specParts = ['id', 'name', 'uuid', 'disks', 'media', 'nics', 'boot', 'options', 'arch', 'cpus'] as const
const fileParts = ['dataDir', 'runtimeDir', 'consoleLog', 'providerLog'] as const

it('removes nothing but its own, whatever a state says, and by whomever written', async () => {
  const { folder, paths, run } = await setUp()
  await ensureIdentity(paths)
  const before = below(folder)
  const anything = anythingIn(folder)
  const some = (keys: readonly string[]) => fc.dictionary(fc.constantFrom(...keys), anything, { maxKeys: 2 })
  const property = fc.asyncProperty(
    some(parts),
    some(specParts),
    some(fileParts),
    fc.array(names, { maxLength: 2 }),
    fc.boolean(),
    async (top, spec, files, disks, sealed) => {
      const state = aState()
      const named = disks.map((name) => ({
        ...state.spec.disks[0],
        name,
        path: join(folder, 'victim/x.qcow2'),
      }))
      const hostile = {
        ...state,
        ...top,
        spec: { ...state.spec, disks: named, ...spec, files: { ...state.spec.files, ...files } },
      } as unknown as MachineState
      const web = paths.machine('web')
      mkdirSync(web.data, { recursive: true })
      if (sealed) await writeState(web, hostile)
      else writeFileSync(web.state, JSON.stringify(hostile))
      await run().catch((error: unknown) => {
        if (!isPosadaError(error)) throw error
      })
      // What it tells is noted in the user's events.
      expect(below(folder).filter((path) => !path.includes('/state/posada/events'))).toEqual(before)
    },
  )
  await fc.assert(property, { numRuns: 25 })
}, 60_000)

it('removes nothing where a link leads out of .posada', async () => {
  const { folder, root, paths, run } = await setUp()
  const before = below(folder)
  const links = ['.posada', '.posada/machines', '.posada/machines/web', '.posada/machines/web/data']
  for (const link of links) {
    const path = join(root, link)
    mkdirSync(join(path, '..'), { recursive: true })
    symlinkSync(join(folder, 'victim'), path)
    await expect(run()).rejects.toMatchObject({ code: 'E_STATE_FOREIGN', value: path })
    expect(below(folder)).toEqual(before)
    rmSync(paths.dir, { recursive: true })
  }
})

it('of a project that came with a .posada is refused, and of one state that did ends the machine by its name', async () => {
  const { paths, run } = await setUp()
  const web = paths.machine('web')
  mkdirSync(web.dir, { recursive: true })
  writeFileSync(web.state, JSON.stringify(aState()))
  await expect(run()).rejects.toMatchObject({ code: 'E_STATE_FOREIGN', value: web.state })
  await ensureIdentity(paths)
  expect(await run()).toContainEqual({ name: 'web', destroyed: true })
})

it('forgets a machine while no other command can begin with it, and the project only unless one has begun', async () => {
  const { root, folder, paths } = await setUp()
  const { id } = await ensureIdentity(paths)
  mkdirSync(paths.machine('web').dir, { recursive: true })
  await writeState(paths.machine('web'), { ...aState(), spec: { ...aState().spec, disks: [] } })
  const { signal } = new AbortController()
  const env = { HOME: folder, XDG_RUNTIME_DIR: join(folder, 'run') }
  const opened = { cwd: root, env, emit: () => undefined, signal, command: 'posada destroy' }
  const project = await openProject(opened)
  const entry = { version: 1, id, root, name: 'shop' } as const
  await noteInIndex(project.user.projects, entry)
  const machine = { id, project: 'shop', root, machine: 'web' }
  const digest = '1'.repeat(64)
  await project.boxes.noteUser(digest, machine)
  const lock = { command: 'posada up', wait: 0 }
  let whileForgotten: unknown
  const boxes = {
    ...project.boxes,
    forgetUser: async (user: typeof machine) => {
      whileForgotten = await withLock(paths.machine('web').lock, lock, async () => 'free').catch(
        (error: PosadaError) => error.code,
      )
      await project.boxes.forgetUser(user)
    },
  }
  // An `up` that notes the project as soon as the machine has a state again.
  const destroying = await withLock(paths.lock, lock, async () => {
    const destroying = destroy({ ...project, boxes } as typeof project, [])
    while (existsSync(paths.machine('web').state)) await nextTurn()
    await withLock(paths.machine('web').lock, { ...lock, wait: 10_000 }, async () => {
      await project.boxes.noteUser(digest, machine)
      await writeState(paths.machine('web'), aState())
    })
    return { destroying }
  })
  expect(await destroying.destroying).toMatchObject([{ name: 'web', destroyed: true }, { name: 'db' }])
  expect(whileForgotten).toBe('E_LOCKED')
  expect(await readIndex(project.user.projects)).toEqual([entry])
  expect(await project.boxes.users(digest)).toMatchObject([{ machine: 'web', gone: false }])
})
