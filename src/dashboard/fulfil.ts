import { PosadaError } from '../errors/index.ts'
import { conditionTexts } from '../lib/values/condition-texts.ts'
import type { Conditions } from '../lib/values/link-conditions.ts'
import {
  destroy,
  findDisplay,
  halt,
  listNetworks,
  networkConditions,
  type Project,
  reload,
  resume,
  snapshotDelete,
  snapshotList,
  snapshotRestore,
  snapshotSave,
  status,
  suspend,
  up,
} from '../machine/index.ts'
import { errorDocument } from '../ui/index.ts'
import type { ProjectDetail, Wish } from './protocol.ts'

/** Does what the page asked for. Only a look has a result; what the others do is told by events. */
export async function fulfil(project: Project, wish: Wish): Promise<ProjectDetail | null> {
  if (wish.do === 'look') return look(project)
  await (wish.do === 'conditions' ? changeConditions(project, wish) : work(project, wish))
  return null
}

/** Whether that has things run that the manifest says. */
export function runs({ do: verb }: Wish): boolean {
  return verb === 'up' || verb === 'reload' || verb === 'resume'
}

async function look(project: Project): Promise<ProjectDetail> {
  const isWhole = project.broken === null
  const machines = await status(project, { machines: [], steps: isWhole })
  const screens = await Promise.all(
    machines.map(async ({ name, pid }) => pid !== null && (await hasScreen(project, name))),
  )
  return {
    problem: project.broken === null ? null : errorDocument(project.broken).error,
    machines,
    screens: machines.flatMap(({ name }, index) => (screens[index] === true ? [name] : [])),
    networks: isWhole ? (await listNetworks(project)).networks : [],
    snapshots: await snapshotList(project, []),
  }
}

async function hasScreen(project: Project, machine: string): Promise<boolean> {
  try {
    return (await findDisplay(project, machine)) !== ''
  } catch (error) {
    if (error instanceof PosadaError) return false
    throw error
  }
}

function work(project: Project, wish: Exclude<Wish, { do: 'look' | 'conditions' }>): Promise<unknown> {
  const machines = [wish.machine]
  switch (wish.do) {
    case 'up':
      return up(project, { machines, provision: true })
    case 'halt':
      return halt(project, { machines, force: false })
    case 'power-off':
      return halt(project, { machines, force: true })
    case 'reload':
      return reload(project, { machines, force: false, provision: true })
    case 'suspend':
      return suspend(project, machines)
    case 'resume':
      return resume(project, machines)
    case 'destroy':
      return destroy(project, machines)
    case 'snapshot-save':
      return snapshotSave(project, { machines, name: wish.name })
    case 'snapshot-restore':
      return snapshotRestore(project, { machines, name: wish.name, cold: false })
    case 'snapshot-delete':
      return snapshotDelete(project, { machines, name: wish.name })
  }
}

async function changeConditions(
  project: Project,
  { network, between, set, cut, reset }: Extract<Wish, { do: 'conditions' }>,
): Promise<unknown> {
  const conditions: Conditions = cut === null ? {} : { cut }
  for (const [name, parse] of Object.entries(conditionTexts)) {
    const text = set[name]
    if (text === undefined) continue
    const value = parse(text)
    if ('problem' in value)
      throw new PosadaError('E_USAGE', `${name} ${value.problem}`, {
        value: text,
        ...(value.hint === undefined ? {} : { hint: value.hint }),
      })
    conditions[name as keyof typeof conditionTexts] = value.value
  }
  return networkConditions(project, { machines: between ?? [], network, set: conditions, reset })
}
