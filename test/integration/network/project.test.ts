import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openProject } from '../../../src/app/open-project.ts'
import { endHolder } from '../../../src/background/process-lock.ts'
import { networkStatus, runningProcess } from '../../../src/machine/network/ask.ts'
import { checkSubnets } from '../../../src/machine/network/clashes.ts'
import { tellLostLinks } from '../../../src/machine/network/lost-links.ts'
import { joinNetworks, releaseNetworks, removeNetworks } from '../../../src/machine/network/process.ts'
import type { Project } from '../../../src/machine/project.ts'
import { ensureIdentity } from '../../../src/project/identity.ts'
import { machineId } from '../../../src/project/machine-identity.ts'
import { noteInIndex } from '../../../src/project/user-index.ts'
import { until } from '../../helpers/guest-talk.ts'
import { aMachine, aState } from '../../helpers/model.ts'
import { Nic } from '../../helpers/nic.ts'

// The real network process, and NICs of our own instead of machines. Twenty seconds, most of them waiting.
let dir: string
let told: string[]
let cleanUps: (() => unknown)[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'posada-net-'))
  told = []
  cleanUps = [() => rmSync(dir, { recursive: true, force: true })]
})
afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp()
})

const manifest = `version: 1
name: shop
networks: {backend: {subnet: 10.40.0.0/24}}
defaults: {box: posada/tiny, networks: [backend]}
machines: {web: {}, db: {}}
`

async function open(name = 'shop'): Promise<Project> {
  const root = join(dir, name)
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, 'posada.yaml'), manifest)
  mkdirSync(join(dir, 'run'), { recursive: true, mode: 0o700 })
  const env = { HOME: dir, XDG_RUNTIME_DIR: join(dir, 'run') }
  const { signal } = new AbortController()
  const emit: Project['emit'] = (event) => void ('message' in event && told.push(event.message))
  const project = await openProject({ cwd: root, env, emit, signal, command: 'posada up' })
  cleanUps.push(() => endHolder(project.paths.networks.processLock))
  return project
}

/** A project whose network process runs; with the NIC of a machine that is linked. */
async function started() {
  const project = await open()
  const { id } = await ensureIdentity(project.paths)
  const folder = join(project.user.runtime, machineId(id, 'web'))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const nic = await Nic.listen(join(folder, 'net1.sock'))
  cleanUps.push(() => nic.close())
  await joinNetworks(project, id, [])
  await until('it is linked', 10_000, async () => nic.linked)
  return { project, id, nic, pid: await pidOf(project) }
}

function attachmentOf({ manifest }: Project, name: string) {
  const [attachment] = manifest.machines.find((machine) => machine.name === name)?.networks ?? []
  if (attachment === undefined) throw new Error('it is on no network')
  return attachment
}

const pidOf = async (project: Project) => (await runningProcess(project))?.identity.pid

it('is found after a logout that emptied its folder, keeps its links, and answers again', async () => {
  const { project, id, nic, pid } = await started()
  rmSync(join(dir, 'run'), { recursive: true })
  mkdirSync(join(dir, 'run'), { mode: 0o700 })
  await joinNetworks(project, id, [])
  expect(await pidOf(project)).toBe(pid)
  expect(await networkStatus(project)).toMatchObject({ pid })
  expect(nic.linked).toBe(true)
})

it('a machine that cannot be linked again is told of, and none that still is', async () => {
  const { project, id, nic, pid } = await started()
  const networks = [{ ...attachmentOf(project, 'web'), socket: nic.path }]
  const state = aState(aMachine(), { networks })
  rmSync(nic.path)
  await tellLostLinks(project, state)
  expect(told).toEqual([])
  process.kill(pid ?? 0, 'SIGKILL')
  await until('it is gone', 10_000, async () => !nic.linked)
  await joinNetworks(project, id, [])
  await tellLostLinks(project, state)
  expect(told).toEqual([expect.stringContaining('can no longer be linked to backend')])
})

it('one that hangs is ended and another started, to which the links come back', async () => {
  const { project, id, nic, pid } = await started()
  process.kill(pid ?? 0, 'SIGSTOP')
  await joinNetworks(project, id, [])
  expect(await pidOf(project)).not.toBe(pid)
  await until('it is linked again', 10_000, async () => nic.linked)
})

it('has ended when the release of the last machine is answered', async () => {
  const { project, nic } = await started()
  await releaseNetworks(project, ['db'])
  expect(await runningProcess(project)).not.toBe(null)
  await nic.close()
  await releaseNetworks(project, ['web'])
  expect(await runningProcess(project)).toBe(null)
})

it('nothing of it stays where the identity of the project is damaged', async () => {
  const { project, id } = await started()
  writeFileSync(project.paths.project, '{"vers')
  await removeNetworks(project)
  expect(await runningProcess(project)).toBe(null)
  expect(existsSync(project.paths.networks.dir)).toBe(false)
  expect(readdirSync(project.user.runtime)).toEqual([machineId(id, 'web')])
})

it('that of a project is not taken for its copy’s', async () => {
  const { project, pid } = await started()
  const copy = await open('copy')
  cpSync(project.paths.dir, copy.paths.dir, { recursive: true })
  const control = (await runningProcess(project))?.control ?? ''
  await removeNetworks(copy)
  expect(await pidOf(project)).toBe(pid)
  expect(existsSync(control)).toBe(true)
})

it('another project with the same addresses is told of, before anything starts', async () => {
  const { project, id } = await started()
  const { name, paths } = { name: 'shop', paths: project.paths }
  await noteInIndex(project.user.projects, { version: 1, id, root: paths.root, name })
  const other = await open('other')
  await checkSubnets(other, other.manifest.machines)
  expect(told).toEqual([expect.stringContaining(`one of project shop in ${paths.root}, which is running`)])
  await removeNetworks(project)
  told.splice(0)
  await checkSubnets(other, other.manifest.machines)
  expect(told).toEqual([])
})

it('a machine whose state is damaged keeps no other from the networks', async () => {
  const { project, id } = await started()
  const { dir: folder, state } = project.paths.machine('db')
  mkdirSync(folder, { recursive: true })
  writeFileSync(state, 'no JSON')
  await joinNetworks(project, id, [])
  expect(await networkStatus(project)).toMatchObject({ networks: [{ name: 'backend' }] })
})
