import { type FollowLogOptions, followLog, type LoggedEvent } from '../event-log/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import { listProjects, type ProjectResult } from '../machine/index.ts'
import { userPaths } from '../project/index.ts'
import { type ListOptions, userProjects } from './list.ts'

/** A machine is in another state, whoever did it: a command, its guest, a crash. */
export interface StateEvent {
  type: 'state'
  at: string
  project: string
  root: string
  machine: string
  /** Null: it was so when the stream began. */
  from: string | null
  /** `absent` once it is destroyed. */
  to: string
}

export type StreamedEvent = LoggedEvent | StateEvent

export interface StreamOptions extends ListOptions, Pick<FollowLogOptions, 'follow'> {
  /** Whether to begin with what the log still has. */
  past: boolean
  /** May take its time. */
  onEvent: (event: StreamedEvent) => void | Promise<void>
}

/** Milliseconds between two looks at the machines. */
const every = 1000

/** What commands of this user tell, and how states of machines change. Rejects with the signal's reason. */
export async function events(options: StreamOptions): Promise<void> {
  const { env, past, follow, onEvent, signal } = options
  const failed = new AbortController()
  const common = { onEvent, signal: AbortSignal.any([signal, failed.signal]) }
  try {
    await Promise.all([
      followLog(eventsFolder(env), { past: past ? Number.POSITIVE_INFINITY : 0, follow, ...common }),
      ...(follow ? [watchStates({ ...options, ...common })] : []),
    ])
  } finally {
    failed.abort()
  }
}

async function watchStates({ onEvent, ...options }: StreamOptions): Promise<never> {
  const projects = userProjects(options)
  let before: Map<string, Omit<StateEvent, 'at' | 'from'>> | null = null
  for (;;) {
    const now = statesOf(await listProjects(projects))
    for (const event of changes(before, now)) await onEvent({ ...event, at: new Date().toISOString() })
    before = now
    await sleep(every, options.signal)
  }
}

function statesOf(projects: readonly ProjectResult[]) {
  const states = new Map<string, Omit<StateEvent, 'at' | 'from'>>()
  for (const { name, root, machines } of projects)
    for (const { name: machine, state } of machines ?? [])
      states.set(`${root}/${machine}`, { type: 'state', project: name, root, machine, to: state })
  return states
}

/** What is other than it was. Pure. */
export function changes(
  before: ReadonlyMap<string, Omit<StateEvent, 'at' | 'from'>> | null,
  now: ReadonlyMap<string, Omit<StateEvent, 'at' | 'from'>>,
): Omit<StateEvent, 'at'>[] {
  const changed = [...now]
    .map(([key, event]) => ({ ...event, from: before === null ? null : (before.get(key)?.to ?? 'absent') }))
    .filter(({ from, to }) => from !== to)
  const gone = [...(before ?? [])]
    .filter(([key]) => !now.has(key))
    .map(([, event]) => ({ ...event, from: event.to, to: 'absent' }))
  return [...changed, ...gone]
}

/** Where commands of this user write what they tell. */
export function eventsFolder(env: NodeJS.ProcessEnv): string {
  return userPaths(env).events
}
