import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Found, Observed } from '../../../../src/machine/facts/observed.ts'
import type { Action } from '../../../../src/machine/plan/actions.ts'
import { decide, type StepDecision, type Wanted } from '../../../../src/machine/plan/decide.ts'
import { shareTag } from '../../../../src/machine/sync/mounts.ts'
import type { Machine } from '../../../../src/manifest/index.ts'
import type { MachineState } from '../../../../src/project/index.ts'
import { aMachine, aState } from '../../../helpers/model.ts'

const at = '2026-01-01T00:00:00.000Z'
const isUp = ['starting', 'overdue', 'running', 'paused', 'stalled', 'panicked'] as const
const isDown = ['created', 'stopped', 'crashed'] as const
const isUnreadable = ['damaged', 'foreign'] as const
const allFound: readonly Found[] = ['absent', 'suspended', ...isDown, ...isUp, ...isUnreadable]

const found = (state: Found, detail: string | null = null): Observed => ({ state, detail })
const ready = (config: Machine = aMachine()) => aState(config, { start: { at, readyAt: at } })
const begun = (config: Machine = aMachine()) => aState(config, { start: { at } })
const dos = (actions: readonly Action[]) => actions.map((action) => action.do)

const anUp = (config: Machine = aMachine(), steps: readonly StepDecision[] | null = []): Wanted => ({
  ...{ verb: 'up', config, steps, userData: null },
})
const aStep = (name: string, due: boolean): StepDecision => ({ name, due, from: null, to: 'd'.repeat(64) })
const writtenStep = (name: string) => ({ name }) as Machine['provision'][number]
const probe = { kind: 'tcp', port: 80 } as Machine['ready'][number]

describe('up', () => {
  it.each<[Found, MachineState | null, string[]]>([
    ['absent', null, ['make', 'enter']],
    ['created', unmade(), ['make', 'enter']],
    ['created', aState(), ['start', 'enter']],
    ['stopped', ready(), ['start', 'enter']],
    ['crashed', ready(), ['start', 'enter']],
    ['starting', begun(), ['enter']],
    ['overdue', begun(), ['cut-power', 'start', 'enter']],
    ['running', ready(), []],
    ['paused', ready(), ['resume']],
    ['paused', begun(), ['resume', 'enter']],
    ['stalled', ready(), ['resume']],
    ['panicked', ready(), ['cut-power', 'start', 'enter']],
    ['suspended', ready(), ['resume']],
    ['damaged', null, ['refuse']],
    ['foreign', null, ['refuse']],
  ])('%s', (state, previous, expected) => {
    expect(dos(decide(previous, found(state), anUp()))).toEqual(expected)
  })

  describe('steps behind which the disk is kept', () => {
    const folder = { from: '/host', to: '/srv/app', type: 'once', gitignore: true } as const
    const config = aMachine({
      sync: [{ ...folder, exclude: [], git: false, merge: false, place: aMachine().place() }],
      provision: ['a', 'b', 'c'].map(writtenStep),
    })
    const cached = { ...aStep('b', true), cache: true }
    const steps = [aStep('a', true), cached, aStep('c', true)]
    const of = (previous: MachineState | null, all: StepDecision[], more = {}) =>
      decide(previous, found(previous === null ? 'absent' : 'stopped'), { ...anUp(config, all), ...more })

    it('come before the folders of the host in a new machine, the others after them', () => {
      const actions = of(null, steps)
      expect(dos(actions)).toEqual(['make', 'enter', 'provision', 'sync', 'provision'])
      expect(actions).toMatchObject([{}, {}, { steps: ['a', 'b'] }, {}, { steps: ['c'] }])
    })

    it('come with the others in one that is there, and where a layer has them', () => {
      expect(dos(of(ready(config), steps))).toEqual(['start', 'enter', 'sync', 'provision'])
      const has = steps.slice(0, 2).map((step) => ({ ...step, due: false, from: step.to }))
      expect(dos(of(null, [...has, aStep('c', true)]))).toEqual(['make', 'enter', 'sync', 'provision'])
    })

    it('are named as what a machine starts from, and count as done for its probes', () => {
      const has = steps.map((step) => ({ ...step, due: false, from: step.to }))
      const probed = { ...config, ready: [probe] }
      const actions = decide(null, found('absent'), { ...anUp(probed, has), layer: 'layer 0' } as Wanted)
      expect(actions[0]?.why[1]).toEqual({ key: 'cache', from: null, to: 'layer 0' })
      expect(dos(actions)).toEqual(['make', 'enter', 'sync', 'await-ready'])
    })
  })

  describe('folders of the host', () => {
    const rest = { exclude: [], gitignore: true, git: false, merge: false, place: aMachine().place() }
    const folder = (to: string, type: 'mirror' | 'once') => ({ from: `/host${to}`, to, type, ...rest })
    const config = aMachine({
      sync: [folder('/srv/app', 'mirror'), folder('/srv/seed', 'once')],
      provision: [writtenStep('a')],
    })
    const known = { '/srv/app': { from: '/host/srv/app', at }, '/srv/seed': { from: '/host/srv/seed', at } }
    const synced = aState(config, { start: { at, readyAt: at }, folders: known })
    const steps = [aStep('a', true)]

    it('are mounted with each start, and where an `up` was killed before it; one that the start did not know waits', () => {
      const mount = {
        from: '/host',
        to: '/srv/m',
        type: 'mount' as const,
        readOnly: false,
        place: rest.place,
      }
      const mounting = aMachine({ mounts: [mount] })
      const share = { tag: shareTag(mount), path: '/host', readOnly: false, hidden: [], owner: 1000 }
      const { spec } = aState(mounting)
      const later = '2026-01-01T00:00:01.000Z'
      const known = { '/srv/m': { from: '/host', at: later } }
      const up = aState(mounting, {
        spec: { ...spec, shares: [share] },
        start: { at, readyAt: at },
        folders: known,
      })
      expect(decide(up, found('running'), anUp(mounting))).toEqual([])
      expect(dos(decide(up, found('stopped'), anUp(mounting)))).toEqual(['start', 'enter', 'sync'])
      const killed = { ...up, folders: {} }
      expect(dos(decide(killed, found('running'), anUp(mounting)))).toEqual(['sync'])
      const again = { ...up, start: { at: '2026-01-01T00:00:02.000Z', readyAt: at } }
      expect(dos(decide(again, found('running'), anUp(mounting)))).toEqual(['sync'])
      expect(decide({ ...killed, spec }, found('running'), anUp(mounting))).toEqual([])
    })

    it('come before the steps: all into a new machine, and again what may have changed while it was down', () => {
      const made = decide(null, found('absent'), anUp(config, steps))
      expect(dos(made)).toEqual(['make', 'enter', 'sync', 'provision'])
      expect(made[2]).toMatchObject({ folders: ['/srv/app', '/srv/seed'] })
      const started = decide(synced, found('stopped'), anUp(config, steps))
      expect(dos(started)).toEqual(['start', 'enter', 'sync', 'provision'])
      expect(started[2]).toMatchObject({ folders: ['/srv/app'] })
    })

    it('are left alone in one that runs and has them, unless nothing keeps them equal', () => {
      expect(decide(synced, found('running'), anUp(config))).toEqual([])
      const alone = decide(synced, found('running'), { ...anUp(config), isSynced: false } as Wanted)
      expect(alone).toMatchObject([{ do: 'sync', folders: ['/srv/app'] }])
    })

    it('are brought in where they are new in the manifest, or come from elsewhere', () => {
      const changed = { ...config, sync: [...config.sync, folder('/srv/new', 'once')] }
      const moved = { ...synced, folders: { ...known, '/srv/seed': { from: '/old', at } } }
      expect(decide(moved, found('running'), anUp(changed))).toEqual([
        {
          do: 'sync',
          machine: 'web',
          folders: ['/srv/seed', '/srv/new'],
          why: [
            { key: 'sync./srv/seed', from: '/old', to: '/host/srv/seed' },
            { key: 'sync./srv/new', from: null, to: '/host/srv/new' },
          ],
        },
      ])
    })
  })

  it('says what a start is for: the state, and what changed since', () => {
    const config = aMachine({ memory: 2 ** 30, cpus: 2, box: 'posada/tiny' })
    expect(decide(ready(), found('crashed', 'its process ended'), anUp(config))[0]).toEqual({
      do: 'start',
      machine: 'web',
      why: [
        { key: 'state', from: 'crashed (its process ended)', to: 'running' },
        { key: 'cpus', from: '1', to: '2' },
        { key: 'memory', from: '512MiB', to: '1GiB' },
      ],
    })
  })

  it('boots a suspended machine only where it is told to, and says that its memory is forgotten', () => {
    const cold = { verb: 'up' as const, config: aMachine(), steps: [], userData: null, cold: true }
    const actions = decide(ready(), found('suspended'), cold)
    expect(dos(actions)).toEqual(['discard-memory', 'start', 'enter'])
    expect(actions[0]?.why).toEqual([{ key: 'state', from: 'suspended', to: 'stopped' }])
    expect(dos(decide(ready(), found('running'), cold))).toEqual([])
  })

  it('says why power is cut', () => {
    expect(decide(ready(), found('panicked', 'Kernel panic'), anUp())[0]).toMatchObject({
      do: 'cut-power',
      why: [{ key: 'state', from: 'panicked (Kernel panic)', to: 'stopped' }],
    })
  })

  it('runs the steps that are due, and waits for probes behind them', () => {
    const config = aMachine({ provision: [writtenStep('a'), writtenStep('b')], ready: [probe] })
    const previous = { ...ready(config), provision: { a: { digest: 'a', at } } }
    const actions = decide(
      previous,
      found('running'),
      anUp(config, [{ ...aStep('a', false), from: 'a' }, aStep('b', true)]),
    )
    expect(dos(actions)).toEqual(['provision', 'await-ready'])
    expect(actions[0]).toMatchObject({
      steps: ['b'],
      why: [{ key: 'provision.b', from: null, to: 'd'.repeat(64) }],
    })
  })

  it('waits for no probe while steps are left that it is not to run', () => {
    const config = aMachine({ provision: [writtenStep('a')], ready: [probe] })
    expect(dos(decide(ready(config), found('running'), anUp(config, null)))).toEqual([])
    const done = { ...ready(config), provision: { a: { digest: 'a', at } } }
    expect(dos(decide(done, found('running'), anUp(config, null)))).toEqual(['await-ready'])
  })

  it('enters again what cloud-init has not done with', () => {
    const unsettled = { ...ready(), cloudInit: { userData: null } }
    expect(dos(decide(unsettled, found('running'), anUp()))).toEqual(['enter'])
    const settled = { ...ready(), cloudInit: { userData: null, doneAt: at } }
    expect(dos(decide(settled, found('running'), anUp()))).toEqual([])
  })
})

describe('halt', () => {
  it.each<[Found, boolean, string[]]>([
    ...['absent' as const, ...isDown].map((each): [Found, boolean, string[]] => [each, false, []]),
    ['starting', false, ['shut-down']],
    ['overdue', false, ['shut-down']],
    ['running', false, ['shut-down']],
    ['paused', false, ['shut-down']],
    ['stalled', false, ['shut-down']],
    ['panicked', false, ['cut-power']],
    ['running', true, ['cut-power']],
    ['suspended', false, []],
    ['suspended', true, ['discard-memory']],
    ['damaged', false, ['refuse']],
    ['foreign', true, ['refuse']],
  ])('%s, by force: %s', (state, force, expected) => {
    expect(dos(decide(ready(), found(state), { verb: 'halt', machine: 'web', force }))).toEqual(expected)
  })
})

describe('suspend', () => {
  const asked = { verb: 'suspend', machine: 'web' } as const

  it.each<[Found, string[]]>([
    ...['absent' as const, 'suspended' as const, ...isDown].map((each): [Found, string[]] => [each, []]),
    ['running', ['suspend']],
    ['paused', ['suspend']],
    ['stalled', ['suspend']],
    ['starting', ['suspend']],
    ['panicked', ['refuse']],
    ['damaged', ['refuse']],
    ['foreign', ['refuse']],
  ])('%s', (state, expected) => {
    expect(dos(decide(ready(), found(state), asked))).toEqual(expected)
  })

  it.each(['starting', 'overdue', 'paused'] as const)('refuses one that was never open: %s', (state) => {
    expect(dos(decide(begun(), found(state), asked))).toEqual(['refuse'])
  })
})

describe('destroy', () => {
  it.each<[Found, string[]]>([
    ['absent', []],
    ...['suspended' as const, ...isDown, ...isUp].map((each): [Found, string[]] => [
      each,
      ['cut-power', 'remove'],
    ]),
    ['damaged', ['cut-power', 'remove']],
    ['foreign', ['refuse']],
  ])('%s', (state, expected) => {
    expect(dos(decide(null, found(state), { verb: 'destroy', machine: 'web' }))).toEqual(expected)
  })
})

it('says that a machine is destroyed because it left the manifest', () => {
  const actions = decide(ready(), found('running'), { verb: 'destroy', machine: 'web', isOrphan: true })
  const why = [
    { key: 'machines', from: 'web', to: null },
    { key: 'state', from: 'running', to: 'absent' },
  ]
  expect(actions).toEqual([
    { do: 'cut-power', machine: 'web', why },
    { do: 'remove', machine: 'web', why },
  ])
})

describe('reload', () => {
  it.each<[Found, string[]]>([
    ['absent', ['make', 'enter']],
    ...isDown.map((each): [Found, string[]] => [each, ['start', 'enter']]),
    ...(['starting', 'overdue', 'running', 'paused', 'stalled'] as const).map((each): [Found, string[]] => [
      each,
      ['shut-down', 'start', 'enter'],
    ]),
    ['panicked', ['cut-power', 'start', 'enter']],
    ['suspended', ['resume', 'shut-down', 'start', 'enter']],
    ...isUnreadable.map((each): [Found, string[]] => [each, ['refuse']]),
  ])('%s', (state, expected) => {
    const previous = state === 'absent' ? null : ready()
    expect(
      dos(
        decide(previous, found(state), {
          verb: 'reload',
          force: false,
          config: aMachine(),
          steps: [],
          userData: null,
        }),
      ),
    ).toEqual(expected)
  })
})

const config = fc.record({ memory: fc.constantFrom(2 ** 29, 2 ** 30), probes: fc.boolean() })
const steps = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('a', 'b', 'c'), due: fc.boolean(), known: fc.boolean() }),
  { selector: ({ name }) => name, maxLength: 3 },
)
/** A machine as it may be found, with records that fit. */
const scene = fc
  .record({
    state: fc.constantFrom(...allFound),
    isMade: fc.boolean(),
    isReady: fc.boolean(),
    isSettled: fc.constantFrom(null, false, true),
    config,
    steps,
  })
  .map(({ state, isMade, isReady, isSettled, config: { memory, probes }, steps: drawn }) => {
    const wanted = aMachine({
      memory,
      ready: probes ? [probe] : [],
      provision: drawn.map(({ name }) => writtenStep(name)),
    })
    const made = {
      ...aState(),
      start: isReady ? { at, readyAt: at } : { at },
      provision: Object.fromEntries(
        drawn.flatMap(({ name, known }) => (known ? [[name, { digest: 'd', at }]] : [])),
      ),
      ...(isSettled === null ? {} : { cloudInit: { userData: null, ...(isSettled ? { doneAt: at } : {}) } }),
    }
    const previous = ['absent', 'damaged', 'foreign'].includes(state) ? null : isMade ? made : unmade()
    const isKnown = (name: string) => previous?.provision[name] !== undefined
    const decisions = drawn.map(({ name, due }) => aStep(name, due || !isKnown(name)))
    return { previous, observed: found(state), config: wanted, steps: decisions }
  })
const verb = fc.constantFrom('up', 'halt', 'reload', 'suspend', 'destroy')
const asked = fc.record({
  ...{ scene, verb, force: fc.boolean(), cold: fc.boolean() },
  isProvisioning: fc.boolean(),
})

function ask({ scene: { config, steps }, verb, force, cold, isProvisioning }: Asked): Wanted {
  const up = { config, steps: isProvisioning ? steps : null, userData: null }
  if (verb === 'halt') return { verb: 'halt', machine: config.name, force }
  if (verb === 'destroy' || verb === 'suspend') return { verb, machine: config.name }
  return verb === 'up' ? { verb: 'up', ...up, cold } : { verb: 'reload', force, ...up }
}
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never

function check(predicate: (asked: Asked, actions: Action[]) => void) {
  const property = fc.property(asked, (each) => {
    predicate(each, decide(each.scene.previous, each.scene.observed, ask(each)))
  })
  fc.assert(property, { numRuns: 2000 })
}

describe('whatever is found and asked for', () => {
  it('concerns the machine that was named, and no other', () => {
    check(({ scene }, actions) => {
      for (const { machine } of actions) expect(machine).toBe(scene.config.name)
    })
  })

  it('removes data only where destroy names it, and never what is not this user’s', () => {
    check(({ scene, verb }, actions) => {
      if (dos(actions).includes('remove')) expect(verb).toBe('destroy')
      if (scene.observed.state === 'foreign') expect(dos(actions)).toEqual(['refuse'])
    })
  })

  it('forgets what a machine has in memory only where that is asked for', () => {
    check(({ scene, verb, force, cold }, actions) => {
      if (!dos(actions).includes('discard-memory')) return
      expect(scene.observed.state).toBe('suspended')
      expect((verb === 'up' && cold) || (force && ['halt', 'reload'].includes(verb))).toBe(true)
    })
  })

  it('starts no suspended machine without its memory unless it says that this is forgotten', () => {
    check(({ scene }, actions) => {
      const start = dos(actions).indexOf('start')
      if (scene.observed.state !== 'suspended' || start < 0) return
      expect(dos(actions).slice(0, start).join()).toMatch(/^(discard-memory|resume,shut-down)$/)
    })
  })

  it('makes a machine only where there is none yet', () => {
    check(({ scene }, actions) => {
      if (dos(actions).includes('make')) expect(scene.previous?.createdAt).toBeUndefined()
    })
  })

  it('halts without starting, making or removing anything', () => {
    check(({ verb }, actions) => {
      if (verb !== 'halt') return
      const all = ['shut-down', 'cut-power', 'discard-memory', 'refuse']
      for (const each of dos(actions)) expect(all).toContain(each)
    })
  })

  it('cuts no power of a guest that answers but where that is asked for', () => {
    check(({ scene, verb, force }, actions) => {
      const isAsked = verb === 'destroy' || (force && verb !== 'up')
      const isDeaf = ['panicked', 'overdue'].includes(scene.observed.state)
      if (dos(actions).includes('cut-power')) expect(isAsked || isDeaf).toBe(true)
    })
  })

  it('starts nothing that is up, unless it was stopped first', () => {
    check(({ scene }, actions) => {
      const list = dos(actions)
      const start = list.findIndex((each) => each === 'start' || each === 'make')
      if (start < 0 || !isUp.some((each) => each === scene.observed.state)) return
      expect(list.slice(0, start)).toEqual([expect.stringMatching(/^(cut-power|shut-down)$/)])
    })
  })

  it('gives each action a reason that differs', () => {
    check((_, actions) => {
      for (const { why } of actions) {
        expect(why.length).toBeGreaterThan(0)
        for (const { from, to } of why) expect(from).not.toBe(to)
      }
    })
  })

  it('leaves nothing to do for a second up, but to look at probes', () => {
    check(({ scene, verb, isProvisioning }, actions) => {
      if (verb !== 'up' || !isProvisioning || dos(actions).includes('refuse')) return
      const after = carriedOut(scene, actions)
      const again = decide(after, found('running'), {
        ...{ verb: 'up', config: scene.config, userData: null },
        steps: scene.steps.map((step) => ({ ...step, due: false })),
      })
      expect(dos(again)).toEqual(scene.config.ready.length > 0 ? ['await-ready'] : [])
    })
  })

  it('leaves nothing to do for a second halt', () => {
    check(({ scene, verb, force }, actions) => {
      if (verb !== 'halt' || dos(actions).includes('refuse')) return
      const state = scene.observed.state === 'absent' ? 'absent' : 'stopped'
      expect(decide(scene.previous, found(state), { verb: 'halt', machine: 'web', force })).toEqual([])
    })
  })
})

/** What is recorded of a machine when all that `up` does to it is done. */
function carriedOut({ previous, config }: Asked['scene'], actions: readonly Action[]): MachineState {
  const isStarted = dos(actions).some((each) => each === 'make' || each === 'start')
  const state: MachineState =
    isStarted || previous === null ? { ...aState(config), ...previous } : { ...previous }
  if (isStarted) Object.assign(state, startedWith(config))
  for (const action of actions) {
    if (action.do === 'enter') {
      state.start = { at, readyAt: at }
      if (state.cloudInit !== undefined) state.cloudInit = { ...state.cloudInit, doneAt: at }
    }
    const steps = action.do === 'provision' ? action.steps : []
    state.provision = {
      ...state.provision,
      ...Object.fromEntries(steps.map((name) => [name, { digest: 'd', at }])),
    }
  }
  return state
}

function startedWith(config: Machine): Partial<MachineState> {
  return { spec: aState(config).spec, createdAt: at, start: { at } }
}

function unmade(): MachineState {
  const { createdAt: _, ...rest } = aState()
  return rest
}
