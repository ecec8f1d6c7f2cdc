import { formatSize } from '../../lib/values/units.ts'
import { cures, type ProjectResult, type StatusResult, type StepStatus } from '../../machine/index.ts'
import { makeVisible, type Paint, type Palette, renderTable } from '../../ui/index.ts'
import { folderStatusText } from './sync.ts'

export function statusText(machines: readonly StatusResult[], paint: Palette): string {
  const table = renderTable(
    machines,
    [
      { title: 'MACHINE', text: (machine) => machine.name },
      { title: 'STATE', text: stateText, paint: (machine) => statePaint(machine, paint) },
      {
        title: 'PROVIDER',
        text: ({ provider, accelerator }) => [provider ?? '-', accelerator ?? ''].join(' ').trim(),
      },
      { title: 'BOX', text: ({ box }) => box },
      { title: 'CPUS', text: ({ cpus }) => String(cpus), align: 'right' },
      { title: 'MEMORY', text: ({ memory }) => formatSize(memory), align: 'right' },
      { title: 'SSH', text: ({ ssh }) => (ssh === null ? '-' : `${ssh.host}:${ssh.port}`) },
    ],
    paint.dim,
  )
  return (
    table +
    machines
      .flatMap((machine) => remarks(machine, paint))
      .map((line) => `${line}\n`)
      .join('')
  )
}

/** How provision steps stand, a row each. */
export function stepsText(machines: readonly StatusResult[], paint: Palette): string {
  const rows = machines.flatMap(({ name, steps = [] }) => steps.map((step) => ({ machine: name, ...step })))
  if (rows.length === 0) return 'no provision steps'
  const columns = [
    { title: 'MACHINE', text: (row: StepRow) => row.machine },
    { title: 'STEP', text: (row: StepRow) => row.name },
    { title: 'DONE', text: (row: StepRow) => row.doneAt?.replace(/\.\d+Z$/, 'Z') ?? '-' },
    { title: 'DUE', text: (row: StepRow) => (row.due ? 'yes' : 'no') },
    { title: '', text: stepNote },
  ]
  return renderTable(rows, columns, paint.dim)
}

type StepRow = StepStatus & { machine: string }

function stepNote({ doneAt, run, changed, failed, problem }: StepRow): string {
  if (problem !== undefined) return makeVisible(problem)
  if (failed !== null) return `failed at ${failed.at.replace(/\.\d+Z$/, 'Z')} [${failed.code}]`
  if (run === 'never') return 'runs when it resumes'
  if (doneAt === null) return 'never ran'
  if (run === 'always') return 'runs every time'
  if (changed !== true) return ''
  return run === 'once' ? 'changed since it ran; runs once only' : 'changed since it ran'
}

function stateText({ state, inManifest, ready }: StatusResult): string {
  const text = state === 'crashed' ? 'stopped (crashed)' : ready === false ? `${state} (not ready)` : state
  return inManifest === false ? `${text} (not in the manifest)` : text
}

function statePaint({ state, ready }: StatusResult, paint: Palette): Paint {
  if (state === 'running') return ready === false ? paint.yellow : paint.green
  if (state === 'crashed' || state === 'unknown') return paint.red
  return state === 'starting' || state === 'paused' ? paint.yellow : paint.dim
}

function remarks(
  { name, reason, code, console, due, pending, remake = [], folders = [], pid }: StatusResult,
  paint: Palette,
): string[] {
  const lines: string[] = []
  if (reason !== undefined)
    lines.push(`${name}: ${makeVisible(reason)}${code === undefined ? '' : ` [${code}]`}`)
  for (const line of console ?? []) lines.push(`  ${paint.dim('|')} ${makeVisible(line)}`)
  if (due !== undefined) {
    lines.push(`${name}: provision steps not done yet: ${due.join(', ')} (posada provision ${name})`)
  }
  // Of a machine that does not run they have nothing to say but what both sides changed.
  for (const folder of folders) if (pid !== null || folder.conflicts > 0) lines.push(folderStatusText(folder))
  if (pending.length > 0) {
    const start = pending.filter((key) => !remake.includes(key))
    lines.push(
      `${name}: changed in the manifest, not in the machine yet: ${cures(name, { start, remake }).join('; ')}`,
    )
  }
  return lines.length === 0 ? [] : ['', ...lines]
}

export function projectsText(projects: readonly ProjectResult[], paint: Palette): string {
  if (projects.length === 0) return 'no projects: posada up makes the machines of one'
  const columns = [
    { title: 'PROJECT', text: ({ name }: ProjectResult) => name },
    { title: 'MACHINES', text: projectMachines },
    { title: 'FOLDER', text: ({ root }: ProjectResult) => root },
  ]
  return renderTable(projects, columns, paint.dim)
}

function projectMachines({ machines, problem }: ProjectResult): string {
  if (machines === null) return `? ${problem ?? ''}`.trim()
  return machines.length === 0 ? '-' : machines.map(({ name, state }) => `${name} (${state})`).join(', ')
}
