import { useEffect, useState } from 'preact/hooks'
import type { ProjectStats } from '../../app/index.ts'
import type { LoggedEvent } from '../../event-log/index.ts'
import type { StatsResult } from '../../machine/index.ts'
import type { ErrorBody } from '../../ui/index.ts'
import type { Message, ProjectDetail } from '../protocol.ts'

/** Values of a machine over the last two minutes, the newest last. */
export type Rates = NonNullable<StatsResult['rates']> & { memory: number }

export interface Project {
  root: string
  name: string
  problem: string | null
  /** What they take, by name; only those that were made. */
  stats: Map<string, StatsResult>
  detail: ProjectDetail | null
}

export interface State {
  connected: boolean
  version: string
  own: { root: string; name: string } | null
  projects: Map<string, Project>
  events: LoggedEvent[]
  rates: Map<string, Rates[]>
  /** What is being done to a machine, by its key. */
  busy: Map<string, string>
  failures: { id: number; root: string; what: string; error: ErrorBody }[]
}

const most = { rates: 60, events: 1000, failures: 5 }

export const state: State = {
  connected: false,
  version: '',
  own: null,
  projects: new Map(),
  events: [],
  rates: new Map(),
  busy: new Map(),
  failures: [],
}

const listeners = new Set<() => void>()

/** Draws again, once for all that changes in one go. */
export function changed(): void {
  for (const listener of listeners) listener()
}

/** The state, in a component that is drawn again when it changes. */
export function useStore(): State {
  const [, draw] = useState(0)
  useEffect(() => {
    const listener = () => draw((count) => count + 1)
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }, [])
  return state
}

export function keyOf(root: string, machine: string): string {
  return `${root}\n${machine}`
}

function projectOf({ root, name }: { root: string; name: string }): Project {
  const known = state.projects.get(root)
  const project = known ?? { root, name, problem: null, stats: new Map(), detail: null }
  state.projects.set(root, project)
  return project
}

/** Takes what the server tells. Returns the folders of projects whose details are no longer what they were. */
export function take(message: Exclude<Message, { type: 'answer' }>): string[] {
  switch (message.type) {
    case 'hello':
      state.version = message.version
      state.own = message.own
      return message.own === null ? [] : [projectOf(message.own).root]
    case 'events':
      state.events = [...state.events, ...message.events].slice(-most.events)
      return message.events.flatMap(({ type, root }) => (type === 'step' || type === 'machine' ? [root] : []))
    case 'stats':
      forgetOthers(message.projects.map(({ root }) => root))
      return message.projects.filter(takeStats).map(({ root }) => root)
  }
}

/** What has no machines any longer is not listed, but for the project that the dashboard was started in. */
function forgetOthers(roots: readonly string[]): void {
  for (const { root, stats } of state.projects.values()) {
    if (roots.includes(root)) continue
    if (root === state.own?.root) stats.clear()
    else state.projects.delete(root)
  }
}

/** Whether a machine came, went, or is in another state. */
function takeStats(found: ProjectStats): boolean {
  const project = projectOf(found)
  const before = [...project.stats.values()].map(({ name, state }) => `${name} ${state}`)
  const isNew = project.detail === null
  const machines = found.machines ?? []
  project.problem = found.problem ?? null
  project.stats = new Map(machines.map((machine) => [machine.name, machine]))
  for (const { name, rates, usage } of machines) {
    const key = keyOf(found.root, name)
    const last = state.rates.get(key) ?? []
    if (rates === null || usage === null) state.rates.delete(key)
    else state.rates.set(key, [...last, { ...rates, memory: usage.memory }].slice(-most.rates))
  }
  return isNew || machines.map(({ name, state }) => `${name} ${state}`).join('\n') !== before.join('\n')
}

let count = 0

export function fail(root: string, what: string, error: ErrorBody): void {
  state.failures = [...state.failures, { id: count++, root, what, error }].slice(-most.failures)
  changed()
}

export function dismiss(id: number): void {
  state.failures = state.failures.filter((failure) => failure.id !== id)
  changed()
}
