import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { packageRoot } from '../../../src/lib/files/package-root.ts'
import { until } from '../../helpers/guest-talk.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended, says } from '../../helpers/posada.ts'

// Two small machines that are rewound four times, and one that is killed while it boots: about 20 s.

let place: MachinesPlace
beforeEach(() => {
  place = machinesPlace('testing')
})
afterEach(async () => {
  for (const pid of place.hypervisors()) process.kill(pid, 'SIGKILL')
  place.remove()
})

const start = (...args: string[]) =>
  spawn(process.execPath, args, { cwd: packageRoot(), env: place.env, stdio: 'pipe' })
const left = () => {
  const runs = join(place.env.XDG_STATE_HOME ?? '', 'posada', 'runs')
  return [...place.processes(/./), ...(existsSync(runs) ? readdirSync(runs) : [])]
}

it('the example passes: tests find machines as they were when they were ready, and leave nothing', async () => {
  const { code, stdout, stderr } = await ended(start('--test', '--test-reporter=tap', 'examples/tests/'))
  expect(code, stdout + stderr).toBe(0)
  expect(stdout).toMatch(/^# pass 4$/m)
  await until('all is gone', 20_000, async () => left().length === 0)
})

it('a test that is killed leaves nothing either', async () => {
  const test = start(join(import.meta.dirname, '..', '..', 'fixtures', 'testing', 'killed.js'))
  const end = ended(test)
  await says(test, 'booting')
  test.kill('SIGKILL')
  await end
  await until('all is gone', 60_000, async () => left().length === 0)
})
