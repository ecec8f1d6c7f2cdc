import { afterAll, beforeAll, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// `plan` beside what `up` then does. Boots posada/tiny five times: about 35 s with emulated processors.

interface Plan {
  changes: boolean
  machines: { name: string; actions: { do: string; steps?: string[] }[]; pending: object[] }[]
  orphans: string[]
}
interface Up {
  machines: { name: string; change: string; steps: { name: string; result: string }[] }[]
}

const manifest = ({ memory = '128MiB', ports = '', steps = 'echo one', run = 'changed' } = {}) => `version: 1
machines:
  web:
    box: posada/tiny
    memory: ${memory}
    ports: [${ports}]
    provision:
      - {name: first, shell: "${steps}"}
      - {name: second, shell: echo two, run: ${run}}
`

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('plan')
})
afterAll(() => place.cleanUp())

const changes = { make: 'created', start: 'started', resume: 'resumed' } as const

/** Plans, brings up, and compares: the same change, the same steps. Returns what was planned. */
async function planned() {
  const plan = await place.json<Plan>('plan')
  const up = await place.json<Up>('up')
  const actions = plan.machines[0]?.actions ?? []
  const change = actions.flatMap((action) => changes[action.do as keyof typeof changes] ?? [])[0] ?? 'none'
  const steps = actions.flatMap((action) => action.steps ?? [])
  const ran = up.machines[0]?.steps.filter(({ result }) => result === 'ran').map(({ name }) => name)
  expect({ change: up.machines[0]?.change, ran }).toEqual({ change, ran: steps })
  return { ...plan, does: actions.map((action) => action.do), pending: plan.machines[0]?.pending }
}

it('a machine that is not there is made, and then there is nothing to do', async () => {
  place.write(manifest())
  expect(await planned()).toMatchObject({ does: ['make', 'enter', 'provision'], changes: true })
  expect(await planned()).toMatchObject({ does: [], changes: false, pending: [] })
  expect(await place.run('plan', '--exit-code')).toMatchObject({ code: 0 })
}, 120_000)

it('a changed step is run, and one that runs always', async () => {
  place.write(manifest({ steps: 'echo other', run: 'always' }))
  expect(await planned()).toMatchObject({ does: ['provision'] })
  expect(await planned()).toMatchObject({ does: ['provision'], changes: true })
}, 120_000)

it('what a running machine does not take waits, and comes with the next start', async () => {
  place.write(manifest({ memory: '160MiB', ports: '{host: 28180, guest: 80, auto: true}' }))
  const waits = [
    { key: 'memory', from: '128MiB', to: '160MiB', takes: 'reload' },
    { key: 'ports', from: 'none', takes: 'reload' },
  ]
  expect((await planned()).pending).toMatchObject(waits)
  await place.json('halt')
  const { does, pending } = await planned()
  expect({ does, pending }).toEqual({ does: ['start', 'enter'], pending: [] })
  expect(await planned()).toMatchObject({ does: [], pending: [] })
}, 120_000)

it('a process that is gone is a start, and one that left the manifest is left alone', async () => {
  for (const pid of place.hypervisors()) process.kill(pid, 'SIGKILL')
  expect(await planned()).toMatchObject({ does: ['start', 'enter'] })
  place.write(manifest().replace('  web:', '  shop:'))
  expect(await place.json<Plan>('plan')).toMatchObject({ machines: [{ name: 'shop' }], orphans: ['web'] })
}, 120_000)

it('with --prune it is destroyed, and nothing is left of it', async () => {
  const plan = await place.json<Plan>('plan', '--prune')
  expect(plan).toMatchObject({ orphans: [], changes: true })
  expect(plan.machines).toMatchObject([
    {
      ...{ name: 'web', state: 'running', pending: [] },
      actions: [
        { do: 'cut-power' },
        { do: 'remove', why: [{ key: 'machines', from: 'web' }, { key: 'state' }] },
      ],
    },
    { name: 'shop', actions: [{ do: 'make' }, { do: 'enter' }, { do: 'provision' }] },
  ])
  expect((await place.run('plan', '--prune')).stdout).toMatch(/ web: destroy\n +no longer in the manifest\n/)
  expect(await place.json<Up>('up', '--prune')).toMatchObject({
    pruned: [{ name: 'web', destroyed: true }],
    machines: [{ name: 'shop', change: 'created' }],
  })
  expect(place.hypervisors()).toHaveLength(1)
  expect(await place.json<Plan>('plan', '--prune')).toMatchObject({
    ...{ changes: false, orphans: [], machines: [{ name: 'shop', actions: [] }] },
  })
}, 120_000)
