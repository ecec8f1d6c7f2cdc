import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { PosadaError } from '../../../../src/errors/index.ts'
import { networkConfig } from '../../../../src/machine/network/config.ts'
import type { Project } from '../../../../src/machine/project.ts'
import type { Attachment, Machine, Network } from '../../../../src/manifest/index.ts'
import { machineId } from '../../../../src/project/machine-identity.ts'
import { writeState } from '../../../../src/project/machine-state.ts'
import { projectPaths } from '../../../../src/project/paths.ts'
import { aMachine, aState } from '../../../helpers/model.ts'
import { userIn } from '../../../helpers/own-paths.ts'

let dir: string
let project: Project
let running: Set<string>
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-nets-'))
  running = new Set()
  const [runtime, other] = [join(dir, 'run'), join(dir, 'other')]
  const user = { ...userIn(dir), runtime, runtimes: [runtime, other] }
  const provider = {
    status: async ({ name }: { name: string }) => ({ state: running.has(name) ? 'running' : 'stopped' }),
  }
  project = {
    manifest: { name: 'shop', networks: [backend], machines: [machine('web', 2), machine('db', 3)] },
    paths: projectPaths(dir, user),
    user,
    providers: {
      get: async (name: string) => {
        if (name !== 'qemu') throw new PosadaError('E_PROVIDER_UNKNOWN', `there is no provider ${name}`)
        return provider
      },
    },
  } as unknown as Project
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const backend: Network = {
  name: 'backend',
  subnet: '10.40.0.0/24',
  ipv6: 'fd00:1:2:3::/64',
  isolated: false,
  guard: true,
  seed: 1,
  conditions: { latency: 5 },
  links: [],
  place: { file: '/shop/posada.yaml', line: 3, column: 1 },
}
const attachment = (n: number): Attachment => ({
  network: 'backend',
  ipv4: `10.40.0.${n}`,
  ipv6: `fd00:1:2:3::${n}`,
  mac: `52:54:00:00:00:0${n}`,
})
const machine = (name: string, n: number): Machine => aMachine({ name, networks: [attachment(n)] })

/** A machine's state as it was started with this address, and its folder for sockets under this one. */
async function started(name: string, n: number, { runtime = 'run', provider = 'qemu' } = {}) {
  const paths = project.paths.machine(name)
  await mkdir(paths.dir, { recursive: true })
  const state = aState(machine(name, n), { networks: [{ ...attachment(n), socket: '' }], provider })
  const folder = join(dir, runtime, state.spec.id)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeState(paths, state)
  running.add(name)
  return join(folder, 'net1.sock')
}
const members = async () => (await networkConfig(project, '0a1b2c3d')).networks[0]?.members ?? []

it('has the machines of the manifest at the sockets that they will have', async () => {
  expect(await members()).toEqual([
    { machine: 'web', ...facts(2), socket: join(dir, 'run', machineId('0a1b2c3d', 'web'), 'net1.sock') },
    { machine: 'db', ...facts(3), socket: join(dir, 'run', machineId('0a1b2c3d', 'db'), 'net1.sock') },
  ])
})

it('a machine that runs keeps the address that it was started with, and no other gets it', async () => {
  await started('web', 7)
  expect((await members()).map(({ machine: name, ipv4 }) => `${name} ${ipv4}`)).toEqual([
    'web 10.40.0.7',
    'db 10.40.0.3',
  ])
  running.clear()
  expect((await members())[0]?.ipv4).toBe('10.40.0.2')
  await started('web', 3)
  await expect(members()).rejects.toMatchObject({
    code: 'E_ADDRESS_CLASH',
    machine: 'db',
    value: '10.40.0.3',
    hint: 'posada reload web gives it its new address first',
  })
})

it('a machine that runs is looked for where it was started, be it under another login', async () => {
  const socket = await started('web', 2, { runtime: 'other' })
  expect((await members()).find(({ machine: name }) => name === 'web')?.socket).toBe(socket)
})

it('a machine whose state is damaged, or whose provider is gone, keeps no other from the networks', async () => {
  await started('web', 7, { provider: 'gone' })
  const { dir: folder, state } = project.paths.machine('db')
  await mkdir(folder, { recursive: true })
  await writeFile(state, '{"version": 1')
  expect((await members()).map(({ ipv4 }) => ipv4)).toEqual(['10.40.0.2', '10.40.0.3'])
})

function facts(n: number) {
  const { network: _, ...rest } = attachment(n)
  return rest
}
