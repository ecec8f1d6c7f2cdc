import { formatDuration, formatSize } from '../../lib/values/units.ts'
import {
  cures,
  type DestroyResult,
  type HaltResult,
  type PortResult,
  type PortsResult,
  type ProjectResult,
  type ProvisionResult,
  type StatusResult,
  type StepStatus,
  type SuspendResult,
  type UpMachineResult,
} from '../../machine/index.ts'
import { makeVisible, type Paint, type Palette, renderTable } from '../../ui/index.ts'
import { folderStatusText } from './sync.ts'

/** What the verbs returned, as text for people. */

const changes = {
  created: 'is up (new)',
  started: 'is up',
  resumed: 'is up (resumed)',
  none: 'was up already',
} as const

export function upText(machines: readonly UpMachineResult[]): string {
  return machines
    .map(({ name, change, ms, ports }) => {
      const took = change === 'none' ? '' : ` after ${formatDuration(ms)}`
      return `${name} ${changes[change]}${took}${ports.length === 0 ? '' : `, ${portList(ports)}`}`
    })
    .join('\n')
}

export function haltText(machines: readonly HaltResult[]): string {
  return machines
    .map(({ name, how, via, ms }) => {
      if (how === 'already') return `${name} was not running`
      if (via === 'memory') return `${name} is off; its saved memory was discarded`
      const way = how === 'graceful' ? `shut down (${via})` : `was cut off (${via})`
      return `${name} ${way} after ${formatDuration(ms)}`
    })
    .join('\n')
}

export function suspendText(machines: readonly SuspendResult[]): string {
  return machines
    .map(({ name, state, suspended, ms }) => {
      if (suspended) return `${name} is suspended after ${formatDuration(ms)}`
      return `${name} was ${state === 'suspended' ? 'already suspended' : 'not running'}`
    })
    .join('\n')
}

export function destroyText(machines: readonly DestroyResult[]): string {
  return machines
    .map(({ name, destroyed }) => `${name} ${destroyed ? 'is destroyed' : 'did not exist'}`)
    .join('\n')
}

export function provisionText(
  machines: readonly { name: string; steps: readonly ProvisionResult[] }[],
): string {
  return machines
    .map(({ name, steps }) => {
      if (steps.length === 0) return `${name} has no provision steps`
      const ran = steps.filter(({ result }) => result === 'ran').length
      const left = steps.length - ran
      return `${name}: ${ran} step${ran === 1 ? '' : 's'} ran${left === 0 ? '' : `, ${left} not due`}`
    })
    .join('\n')
}

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

/** How much was copied, and what was left out. */
export function copyText({
  files,
  bytes,
  skipped,
}: {
  files: number
  bytes: number
  skipped: readonly string[]
}): string {
  const lines = [`${files} file${files === 1 ? '' : 's'}, ${formatSize(bytes)}`]
  for (const path of skipped)
    lines.push(`left out (no file, or a link that leads away): ${makeVisible(path)}`)
  return lines.join('\n')
}

export function portsText(machines: readonly PortsResult[], paint: Palette): string {
  if (machines.length === 0) return 'no machine is running'
  const rows = machines.flatMap(({ machine, ssh, ports, networks }) => [
    { machine, guest: '22/tcp (ssh)', host: `${ssh.host}:${ssh.port}`, note: '' },
    ...ports.map((port) => ({
      machine,
      guest: `${port.guestPort}/${port.protocol}`,
      host: `${port.hostAddress}:${port.hostPort}`,
      note: portNote(port),
    })),
    ...networks.map(({ name, ipv4 }) => ({ machine, guest: ipv4, host: 'posada proxy', note: `on ${name}` })),
  ])
  const columns = [
    { title: 'MACHINE', text: (row: (typeof rows)[number]) => row.machine },
    { title: 'GUEST', text: (row: (typeof rows)[number]) => row.guest },
    { title: 'HOST', text: (row: (typeof rows)[number]) => row.host },
    { title: '', text: (row: (typeof rows)[number]) => row.note },
  ]
  return renderTable(rows, columns, paint.dim)
}

function portNote({ movedFrom, auto }: PortResult): string {
  if (auto === true) return 'as long as it listens'
  return movedFrom === undefined ? '' : `${movedFrom} was taken`
}

function portList(ports: readonly PortResult[]): string {
  return ports
    .map((port) => `${port.hostAddress}:${port.hostPort} leads to ${port.guestPort}/${port.protocol}`)
    .join(', ')
}
