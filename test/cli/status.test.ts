import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { makePlace } from '../helpers/posada.ts'

it('shows the steps of a machine that is not made yet, also one whose script is missing', async () => {
  const place = makePlace('shop')
  onTestFinished(place.remove)
  const steps = '[{name: greet, shell: echo hi}, {shell: ./gone.sh}, {name: each, shell: a, on: [up]}]'
  writeFileSync(
    join(place.dir, 'posada.yaml'),
    `version: 1\nmachines:\n  web: {box: debian/12, provision: ${steps}}\n  db: {box: debian/12}\n`,
  )
  const { code, stdout } = await place.run('status', '--steps')
  expect(code).toBe(0)
  const missing = `provision step step-2: ${join(place.dir, 'gone.sh')} does not exist`
  const table = stdout.slice(stdout.indexOf('MACHINE', 10)).replaceAll(/ +$/gm, '')
  expect(table).toBe(`MACHINE  STEP    DONE  DUE
web      greet   -     yes  never ran
web      step-2  -     yes  ${missing}
web      each    -     yes  never ran
`)
  const json = JSON.parse((await place.run('status', 'web', '--steps', '--json')).stdout)
  expect(json.machines[0].steps[1]).toEqual({
    ...{
      name: 'step-2',
      kind: 'shell',
      run: 'changed',
      doneAt: null,
      changed: null,
      due: true,
      failed: null,
    },
    problem: missing,
  })
  expect(JSON.parse((await place.run('status', '--json')).stdout).machines[0]).not.toHaveProperty('steps')
  writeFileSync(join(place.dir, 'posada.yaml'), 'version: 1\nbox: debian/12\n')
  expect((await place.run('status', '--steps')).stdout).toContain('no provision steps')
})
