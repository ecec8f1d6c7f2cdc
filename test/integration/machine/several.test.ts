import { readdirSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FailureDocument, type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny twice, one after the other: about 30 s with emulated processors.

interface StatusDocument {
  machines: { name: string; state: string; inManifest: boolean }[]
}

let place: MachinesPlace
let taken: Server
let port: number
beforeAll(async () => {
  place = machinesPlace('several machines')
  taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const address = taken.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})
afterAll(async () => {
  await new Promise((resolve) => taken.close(resolve))
  await place.cleanUp()
})

const states = async () => {
  const { machines } = await place.json<StatusDocument>('status')
  return Object.fromEntries(machines.map(({ name, state }) => [name, state]))
}
const lines = (text: string, pattern: RegExp) => text.split('\n').filter((line) => pattern.test(line))
const folders = () => readdirSync(join(place.dir, '.posada', 'machines')).sort()

describe('up of several machines', () => {
  it('begins with those that others depend on; what fails stops only its dependents', async () => {
    place.write(`version: 1
name: several
defaults: {box: posada/tiny, memory: 256MiB}
machines:
  web: {depends_on: [db]}
  db: {}
  cache: {ports: ["${port}:6379"]}
  worker: {depends_on: [cache]}
  report: {depends_on: [worker, db]}
  old: {box: posada/tiny@19990101.1}
`)
    const { code, stderr } = await place.run('up')
    expect(code).toBe(1)
    const starts = lines(stderr, /^✓ (db|web): (starting|logging)/)
    expect(starts.map((line) => line.replace(/ with.*| \(.*/, ''))).toEqual([
      '✓ db: starting',
      '✓ db: logging in',
      '✓ web: starting',
      '✓ web: logging in',
    ])
    expect(lines(stderr, /^error.*\[/).map((line) => line.replace(/:.*\[/, ': ['))).toEqual([
      'error: [E_SEVERAL]',
      'error (cache): [E_PORT_IN_USE]',
      'error (worker): [E_DEPENDENCY_FAILED]',
      'error (report): [E_DEPENDENCY_FAILED]',
      'error (old): [E_BOX_MISSING]',
    ])
    expect(await states()).toEqual({
      web: 'running',
      db: 'running',
      cache: 'absent',
      worker: 'absent',
      report: 'absent',
      old: 'absent',
    })
    expect(place.hypervisors()).toHaveLength(2)
  })

  it('of one that depends on a failing one tells both, each with what to do', async () => {
    const { problems, exitCode } = await place.fails('E_SEVERAL', 'up', 'worker')
    expect(exitCode).toBe(1)
    const told = problems?.map(({ code, hint }: FailureDocument) => ({ code, hint }))
    expect(told).toEqual([
      { code: 'E_PORT_IN_USE', hint: expect.stringContaining('auto: true') },
      { code: 'E_DEPENDENCY_FAILED', hint: expect.stringContaining('fix cache') },
    ])
  })

  it('needs names where a command is for one machine', async () => {
    expect(await place.fails('E_MACHINE_AMBIGUOUS', 'ssh', '--', 'true')).toMatchObject({ exitCode: 2 })
    expect((await place.run('exec', 'db', '--', 'hostname')).stdout).toBe('db\n')
  })
})

describe('a machine that left the manifest', () => {
  it('is shown, and stops with the others, dependents first', async () => {
    place.write(`version: 1
name: several
defaults: {box: posada/tiny, memory: 256MiB}
machines:
  new: {}
  db: {}
`)
    const { machines } = await place.json<StatusDocument>('status')
    expect(machines).toMatchObject([
      { name: 'new', state: 'absent', inManifest: true },
      { name: 'db', state: 'running', inManifest: true },
      { name: 'web', state: 'running', inManifest: false },
    ])
    expect((await place.run('status')).stdout).toContain('running (not in the manifest)')
    expect(await place.fails('E_MACHINE_UNKNOWN', 'up', 'web')).toMatchObject({ exitCode: 2 })
  })

  it('can be destroyed by its name, and nothing else is touched', async () => {
    expect(await place.json('destroy', '--yes', 'web')).toEqual({
      machines: [{ name: 'web', destroyed: true }],
    })
    expect(await states()).toEqual({ new: 'absent', db: 'running' })
    expect(folders()).not.toContain('web')
  })
})

describe('halt and destroy of several machines', () => {
  it('take dependents first, and what does not exist is not a failure', async () => {
    place.write(`version: 1
name: several
defaults: {box: posada/tiny, memory: 256MiB}
machines:
  db: {}
  web: {depends_on: [db]}
`)
    await place.json('up', '--no-provision')
    const halted = await place.json<StatusDocument>('halt')
    expect(halted.machines.map(({ name }) => name)).toEqual(['web', 'db'])
    expect(await place.json('destroy', '--yes')).toEqual({
      machines: [
        { name: 'web', destroyed: true },
        { name: 'db', destroyed: true },
      ],
    })
    expect(folders()).toEqual([])
    expect(place.hypervisors()).toEqual([])
  })
})
