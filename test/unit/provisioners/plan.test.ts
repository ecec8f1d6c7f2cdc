import { expect, it } from 'vitest'
import type { ShellStep } from '../../../src/manifest/index.ts'
import { planSteps } from '../../../src/provisioners/index.ts'
import { load } from '../../helpers/manifest.ts'

const place = { file: '/shop/posada.yaml', line: 1, column: 1 }
const step = (name: string, changes: Partial<ShellStep>): ShellStep => ({
  ...{ kind: 'shell', name, run: 'changed', retries: 0, reboot: false, timeout: null, place },
  ...{ source: { inline: 'true' }, args: [], env: {}, user: 'root', sensitive: {} },
  ...changes,
})
const steps = [
  step('once', { run: 'once' }),
  step('always', { run: 'always' }),
  step('woken', { run: 'never', onResume: true }),
  step('both', { onResume: true }),
  step('forked', { run: 'never', onFork: true }),
]
const due = async (done: string[], woken: boolean, copied = false) => {
  const plan = await planSteps(
    steps,
    { get: (name) => (done.includes(name) ? { digest: digests[name] ?? '', at: '' } : undefined) },
    { machine: 'web', woken, copied },
  )
  return plan.flatMap((planned) => (planned.due ? [planned.step.name] : []))
}
const all = await planSteps(steps, { get: () => undefined }, { machine: 'web' })
const digests = Object.fromEntries(all.map(({ step: { name }, digest }) => [name, digest]))

it('steps on resume run each time that a machine goes on, and those that are for nothing else only then', async () => {
  expect(await due([], false)).toEqual(['once', 'always', 'both'])
  expect(await due([], true)).toEqual(['once', 'always', 'woken', 'both'])
  const names = steps.map(({ name }) => name)
  expect(await due(names, false)).toEqual(['always'])
  expect(await due(names, true)).toEqual(['always', 'woken', 'both'])
})

it('steps on fork run once in a copy', async () => {
  expect(await due([], false, true)).toEqual(['once', 'always', 'both', 'forked'])
  expect(await due(['forked', 'once', 'both'], false, true)).toEqual(['always'])
})

it('occasions are read as what they come to', async () => {
  const on = [
    '[create]',
    '[create, change]',
    '[up, resume]',
    '[resume]',
    '[change, resume]',
    '[fork]',
    '[create, fork]',
  ]
  const written = on.map((each) => `  - {shell: x, on: ${each}}`).join('\n')
  const { machines } = await load(`version: 1\nbox: debian/12\nprovision:\n${written}\n`)
  expect(
    machines[0]?.provision.map(({ run, onResume = false, onFork = false }) => [run, onResume, onFork]),
  ).toEqual([
    ['once', false, false],
    ['changed', false, false],
    ['always', true, false],
    ['never', true, false],
    ['changed', true, false],
    ['never', false, true],
    ['once', false, true],
  ])
})
