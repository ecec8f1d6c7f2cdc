import { afterAll, beforeAll, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny three times, two of them together: about 25 s with emulated processors.

interface Status {
  machines: { name: string; state: string; ready: boolean | null; ports: { hostPort: number }[] }[]
}

const manifest = (ready: string) => `version: 1
name: shop
defaults: {box: posada/tiny, memory: 128MiB}
machines:
  web:
    replicas: 2
    depends_on: [db]
    ports: [{host: 28080-28081, guest: 80, auto: true}]
  db:
    provision:
      - shell: "{ sleep 2; while :; do nc -l -p 5432 -e true; done; } </dev/null >/dev/null 2>&1 &"
    ready:
${ready}
`
const comes = '      - {tcp: 5432, interval: 200ms, timeout: 60s}\n      - {shell: "[ -e /etc/hosts ]"}'
const neverComes = '      - {tcp: 5433, interval: 200ms, timeout: 1s, hint: look at the log of db}'

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('replicas')
})
afterAll(() => place.cleanUp())

const states = async (...names: string[]) => {
  const { machines } = await place.json<Status>('status', ...names)
  return Object.fromEntries(machines.map(({ name, state, ready }) => [name, `${state} ${ready}`]))
}

it('a machine that does not become ready keeps up those that depend on it; it stays up itself', async () => {
  place.write(manifest(neverComes))
  const { problems } = await place.fails('E_SEVERAL', 'up', 'web-1')
  expect(problems).toMatchObject([
    { code: 'E_DEPENDENCY_FAILED', hint: expect.stringContaining('fix db') },
    {
      code: 'E_NOT_READY',
      value: 'tcp 5433',
      message: expect.stringContaining('port 5433: nothing answers there'),
      hint: 'look at the log of db',
      place: { line: 13 },
    },
  ])
  expect(await states()).toEqual({ 'web-1': 'absent null', 'web-2': 'absent null', db: 'running false' })
  expect((await place.run('status')).stdout).toMatch(/db +running \(not ready\)/)
})

it('the next up looks again; who depends on it starts when it is ready, replicas together', async () => {
  place.write(manifest(comes))
  const { code, stderr } = await place.run('up')
  expect(code, stderr).toBe(0)
  const said = stderr.split('\n')
  const at = (start: string) => said.findIndex((line) => line.startsWith(start))
  expect(at('· web-1: waiting for db')).toBeGreaterThanOrEqual(0)
  expect(at('✓ db: was up already and ready')).toBeGreaterThan(at('✓ db: waiting until it is ready'))
  expect(at('· web-1: disk')).toBeGreaterThan(at('✓ db: was up already and ready'))
  expect(await states('web', 'db')).toEqual({
    'web-1': 'running null',
    'web-2': 'running null',
    db: 'running true',
  })
  const { machines } = await place.json<Status>('status', 'web-*')
  const ports = machines.map((machine) => machine.ports[0]?.hostPort)
  expect(new Set(ports).size).toBe(2)
})

it('exec runs in all that a pattern names; the first failure is the exit code', async () => {
  const both = await place.run('exec', 'web', '--', 'hostname')
  expect(both).toMatchObject({ code: 0, stderr: '' })
  expect(both.stdout.split('\n').sort()).toEqual(['', 'web-1 | web-1', 'web-2 | web-2'])
  const script = 'case $(hostname) in web-2) exit 3;; db) exit 4;; esac'
  expect(await place.run('exec', '*', '--', 'sh', '-c', script)).toMatchObject({ code: 3 })
  const ended = await place.run('exec', '--json', 'web-?', '--', 'sh', '-c', 'hostname; echo no >&2')
  expect(JSON.parse(ended.stdout)).toEqual({
    exitCode: 0,
    machines: ['web-1', 'web-2'].map((name) => ({
      name,
      exitCode: 0,
      signal: null,
      stdout: `${name}\n`,
      stderr: 'no\n',
      truncated: false,
    })),
  })
})

it('a pattern halts replicas and nothing else; one that fits nothing is an error', async () => {
  await place.json('halt', '--force', 'web-*')
  expect(await states()).toEqual({ 'web-1': 'stopped null', 'web-2': 'stopped null', db: 'running true' })
  expect(await place.fails('E_MACHINE_UNKNOWN', 'halt', 'mail-*')).toMatchObject({ exitCode: 2 })
  expect(await place.fails('E_MACHINE_AMBIGUOUS', 'ssh', 'web', '--', 'true')).toMatchObject({ exitCode: 2 })
})
