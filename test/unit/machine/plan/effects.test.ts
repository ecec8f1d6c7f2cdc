import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Found } from '../../../../src/machine/facts/observed.ts'
import { changesOf } from '../../../../src/machine/plan/changes.ts'
import { decide } from '../../../../src/machine/plan/decide.ts'
import { type Effect, type Machine, settings } from '../../../../src/manifest/index.ts'
import type { MachineState } from '../../../../src/project/index.ts'
import { aMachine, aState } from '../../../helpers/model.ts'

// Each setting of the manifest is changed on a created, a running and a stopped machine: what `plan` shows and `up` does
// is what the table of settings and docs/manifest.md say.

type Name = Exclude<keyof Machine, 'place' | 'throwAway'>

const at = '2026-01-01T00:00:00.000Z'
const place = { file: '/shop/posada.yaml', line: 1, column: 1 }

/** Another value of each setting. One that is missing does not compile. */
const edits: { [K in Name]: Machine[K] } = {
  name: 'shop',
  group: 'others',
  box: 'posada/tiny',
  boxTerms: { checksum: null, unchecked: true, facts: {} },
  provider: 'kvm',
  providers: { qemu: { cpu: 'max' } },
  arch: 'aarch64',
  guest: 'other',
  cpus: 2,
  memory: 2 ** 30,
  memoryMin: 256 * 2 ** 20,
  disk: 20 * 2 ** 30,
  disks: [{ name: 'data', size: 2 ** 30, place }],
  diskUses: [{ name: 'data', filesystem: 'ext4', mount: '/srv/data', format: true, place }],
  keptDisks: ['data'],
  warm: false,
  nested: true,
  display: { width: 1024, height: 768 },
  limits: { disk: { iops: 500, bandwidth: null }, network: { bandwidth: null } },
  dependsOn: ['db'],
  networks: [{ network: 'back', ipv4: '10.40.0.2', ipv6: 'fd12::2', mac: '52:54:00:c0:ff:ee' }],
  ports: [{ protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080, guestPort: 80, auto: false, item: 0 }],
  autoPorts: true,
  hostAccess: [5432],
  env: { APP_ENV: 'dev' },
  provision: [
    {
      ...{ kind: 'shell', name: 'greet', run: 'changed', retries: 0, reboot: false, timeout: null, place },
      ...{ source: { inline: 'echo hi' }, args: [], env: {}, sensitive: {}, user: 'root' },
    },
  ],
  hooks: {
    before: aMachine().hooks.before,
    after: {
      ...aMachine().hooks.after,
      up: [{ run: 'true', in: 'host', timeout: 1000, onError: 'fail', place }],
    },
  },
  sync: [
    {
      ...{ from: '/shop', to: '/srv/app', type: 'mirror', exclude: [], gitignore: true, place },
      ...{ git: false, merge: false },
    },
  ],
  mounts: [{ from: '/shop', to: '/srv/mounted', type: 'mount', readOnly: false, place }],
  ready: [{ kind: 'tcp', port: 80, hint: null, interval: 1000, timeout: 60_000, place }],
  cloudInit: { inline: '#cloud-config' },
  bootTimeout: 1000,
  haltTimeout: 1000,
}

/** What `up` does to a machine that is up for a setting that reaches it without a start. */
const actionsOf: Partial<Record<Name, string[]>> = {
  diskUses: ['mount-disks'],
  provision: ['provision'],
  sync: ['sync'],
  ready: ['await-ready'],
}

/** What is done with a disk is changed of one that is there. */
const disks = [{ name: 'data', size: 2 ** 30, place }]
const before = (name: Name) => (name === 'diskUses' ? aMachine({ disks }) : aMachine())
const statesOf = (name: Name): [Found, MachineState][] => [
  ['created', aState(before(name))],
  ['running', aState(before(name), { start: { at, readyAt: at } })],
  ['stopped', aState(before(name), { start: { at, readyAt: at } })],
]

/** Of each effect: whether a change of it is compared with what the machine has, and what it takes. */
const takes: Record<Effect, 'start' | 'remake' | null> = {
  start: 'start',
  remake: 'remake',
  up: null,
  use: null,
  rename: null,
}

const names = Object.keys(edits) as Name[]
const changed = (name: Name) => ({ ...before(name), [name]: edits[name] })
const userDataOf = ({ cloudInit }: Machine) => (cloudInit === null ? null : 'd'.repeat(64))

function planned(config: Machine, state: Found, previous: MachineState | null) {
  const steps = config.provision.map(({ name }) => ({ name, due: true, from: null, to: 'd' }))
  return decide(
    previous,
    { state, detail: null },
    {
      ...{ verb: 'up', config, steps, userData: userDataOf(config) },
    },
  )
}

describe.each(names)('a change of %s', (name) => {
  const config = changed(name)
  const { key, effect } = settings[name]

  it.each(statesOf(name))('on a machine that is %s', (state, previous) => {
    if (effect === 'rename') return
    // What is not logged in to is not entered.
    const enter = name === 'guest' ? [] : ['enter']
    const starts = state === 'running' ? [] : ['start', ...enter]
    const actions = planned(config, state, previous)
    // What a start gives the machine is mounted then.
    const after = name === 'mounts' && state !== 'running' ? ['sync'] : (actionsOf[name] ?? [])
    expect(actions.map((action) => action.do)).toEqual([...starts, ...after])

    // What a start is for is said by the key, and only of what a start brings.
    const [start] = actions.filter((action) => action.do === 'start')
    const why = (start?.why ?? []).map((reason) => reason.key)
    expect(why).toEqual(starts.length === 0 ? [] : ['state', ...(effect === 'start' ? [key] : [])])

    // The rest waits, and what it takes is said. What holds for getting a box is compared with posada.lock.
    const left = changesOf(config, previous, { userData: userDataOf(config) })
    const isCompared = takes[effect] !== null && name !== 'boxTerms'
    expect(left.map((change) => [change.key, change.effect])).toEqual(
      isCompared ? [[key, takes[effect]]] : [],
    )
  })

  it('is told in the reference as the table has it', () => {
    const words = {
      ...{ start: 'next start', remake: 'new machine', up: 'next `up`', use: 'next use' },
      rename: 'other machine',
    }
    const rows = readFileSync('docs/manifest.md', 'utf8').split('## A machine\n')[1]?.split('\n## ')[0] ?? ''
    const row = rows.split('\n').find((line) => line.startsWith(`| \`${key}\` |`))
    if (key === 'machines') expect(row).toBeUndefined()
    else expect(row).toContain(words[effect])
  })
})

it('a machine of another name is another machine, and the one that was made is destroyed only by --prune', () => {
  expect(planned(changed('name'), 'absent', null).map((action) => action.do)).toEqual(['make', 'enter'])
  for (const [state, previous] of statesOf('name')) {
    const wanted = { verb: 'destroy', machine: 'web', isOrphan: true } as const
    const gone = decide(previous, { state, detail: null }, wanted)
    expect(gone.map((action) => action.do)).toEqual(['cut-power', 'remove'])
    expect(gone[0]?.why[0]).toEqual({ key: 'machines', from: 'web', to: null })
  }
})
