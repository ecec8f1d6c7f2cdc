import type { MachinePlan, PlanResult } from '../../machine/index.ts'
import { makeVisible, type Palette } from '../../ui/index.ts'

type Planned = MachinePlan['actions'][number]
type Reason = Planned['why'][number]

/** What `up` would do, for people: a paragraph a machine, then what it comes to. */
export function planText({ changes, machines, orphans }: PlanResult, paint: Palette): string {
  const left = orphans.map((name) => `${name}: not in the manifest, left alone (posada destroy ${name})`)
  const total = changes ? 'run posada up to do this' : 'nothing to do: everything matches the manifest'
  const refused = machines.some(({ code }) => code !== undefined)
  return [
    ...machines.flatMap((machine) => machineLines(machine, paint)),
    ...left,
    '',
    refused ? 'posada up would fail' : total,
  ].join('\n')
}

function machineLines(machine: MachinePlan, paint: Palette): string[] {
  const { name, actions, pending, leftDisks = [], reason, code, hint } = machine
  if (code !== undefined)
    return [
      `${paint.red('!')} ${name}: ${makeVisible(reason ?? '')} [${code}]`,
      ...(hint === undefined ? [] : [`    ${hint}`]),
    ]
  // A machine that is started is also logged in to, and looked at: that needs no words.
  const all = actions.filter((action) => action.do !== 'await-ready')
  const isEnd = all.some((action) => action.do === 'remove')
  const does =
    all.length === 1 ? all : all.filter((action) => (isEnd ? action.do === 'remove' : action.do !== 'enter'))
  const what = does.flatMap((action) => actionLines(action, machine))
  const waiting = pending.map(
    ({ key, from, to, takes }) => `${key}: ${shown(from)} → ${shown(to)}, after ${cure(name, takes)}`,
  )
  const left = leftDisks.map(
    (disk) => `disk ${disk}: not in the manifest, stays (posada up --prune removes it)`,
  )
  const mark = does.length === 0 ? paint.dim('=') : paint.green('+')
  const head =
    does.length === 0 ? `${mark} ${name}: up to date` : `${mark} ${name}: ${does.map(verb).join(', ')}`
  return [head, ...[...what, ...waiting, ...left].map((line) => `    ${makeVisible(line)}`)]
}

const verbs = {
  refuse: 'refuse',
  make: 'create',
  start: 'start',
  resume: 'resume',
  suspend: 'suspend',
  'discard-memory': 'discard its memory',
  'shut-down': 'shut down',
  'cut-power': 'cut its power',
  enter: 'log in',
  'mount-disks': 'mount disks',
  'remove-disks': 'remove disks',
  sync: 'sync folders',
  provision: 'provision',
  'await-ready': 'wait until it is ready',
  remove: 'destroy',
} as const satisfies Record<Planned['do'], string>

function verb(action: Planned): string {
  return verbs[action.do]
}

function actionLines(action: Planned, { box }: MachinePlan): string[] {
  switch (action.do) {
    case 'make':
      return [
        ...(box === undefined ? [] : [`box: ${box.name}${boxNote(box.stored)}`]),
        ...action.why.flatMap((reason) => makeReason(reason)),
      ]
    case 'provision':
      return action.why.map(
        (reason) => `step ${reason.key.slice('provision.'.length)}: ${stepReason(reason)}`,
      )
    case 'sync':
      return action.why.map(({ key, to }) => `folder ${key.slice('sync.'.length)}: from ${shown(to)}`)
    case 'mount-disks':
      return action.why.map(diskReason)
    case 'enter':
      return []
    default:
      return action.why.map(({ key, from, to }) =>
        key === 'machines' ? 'no longer in the manifest' : `${key}: ${shown(from)} → ${shown(to)}`,
      )
  }
}

function makeReason({ key, from, to }: Reason): string[] {
  if (key === 'cache') return [`starts from ${shown(to)}`]
  return key.startsWith('disks.') ? [`disk ${key.slice('disks.'.length)}: ${shown(from)} → ${shown(to)}`] : []
}

function diskReason({ key, to }: Reason): string {
  const name = key.slice('disks.'.length)
  if (to === null) return `disk ${name}: not mounted when it boots`
  return to === 'swap' ? `disk ${name}: to swap to` : `disk ${name}: at ${to}`
}

function boxNote(stored: boolean | null): string {
  if (stored === null) return ', built from its recipe if it is missing'
  return stored ? '' : ', fetched or built first'
}

function stepReason({ from, to }: Reason): string {
  if (from === null) return to === null ? 'never ran; its script is fetched first' : 'never ran'
  if (to === null) return 'its script is fetched first'
  return from === to ? 'runs every time' : 'changed since it ran'
}

function cure(name: string, takes: MachinePlan['pending'][number]['takes']): string {
  return takes === 'reload' ? `posada reload ${name}` : `posada destroy ${name}, then posada up`
}

function shown(value: string | null): string {
  return value ?? 'none'
}
