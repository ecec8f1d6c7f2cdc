import type { ProjectStats } from '../../app/index.ts'
import { formatSize } from '../../lib/values/units.ts'
import type { StatsResult } from '../../machine/index.ts'
import { type Palette, renderTable } from '../../ui/index.ts'

/** The last values of each machine's processors, from 0 to 1 of all it has; the newest last. */
export type Graphs = ReadonlyMap<string, readonly number[]>

const graphWidth = 20
const bars = '▁▂▃▄▅▆▇█'

/** With the values of one look more. Pure. */
export function graphsOf(before: Graphs, machines: readonly StatsResult[]): Graphs {
  const next = (machine: StatsResult) => {
    const { name, cpus, rates } = machine
    if (rates === null) return []
    return [...(before.get(name) ?? []), Math.min(1, rates.cpu / Math.max(1, cpus))].slice(-graphWidth)
  }
  return new Map(machines.map((machine) => [machine.name, next(machine)]))
}

/**
 * The machines of all projects, each behind the name of its project, or its folder where two share the name; busiest
 * first. Pure.
 */
export function topRows(projects: readonly ProjectStats[]): StatsResult[] {
  const isShared = (name: string) => projects.filter((project) => project.name === name).length > 1
  return projects
    .flatMap(({ name, root, machines }) =>
      (machines ?? []).map((one) => ({ ...one, name: `${isShared(name) ? root : name}/${one.name}` })),
    )
    .sort((a, b) => (b.rates?.cpu ?? -1) - (a.rates?.cpu ?? -1))
}

/** @param graphs drawn beside the numbers where they are given */
export function statsText(machines: readonly StatsResult[], paint: Palette, graphs?: Graphs): string {
  const columns = [
    { title: 'MACHINE', text: ({ name }: StatsResult) => name },
    { title: 'STATE', text: ({ state }: StatsResult) => state },
    { title: 'CPU', text: cpuText, align: 'right' as const },
    ...(graphs === undefined
      ? []
      : [{ title: '', text: ({ name }: StatsResult) => graphText(graphs.get(name) ?? []) }]),
    { title: 'MEMORY', text: memoryText, align: 'right' as const },
    { title: 'DISK READ', text: ({ rates }: StatsResult) => rateText(rates?.read), align: 'right' as const },
    {
      title: 'WRITTEN',
      text: ({ rates }: StatsResult) => rateText(rates?.written),
      align: 'right' as const,
    },
    {
      title: 'NET RECEIVED',
      text: ({ rates }: StatsResult) => rateText(rates?.received),
      align: 'right' as const,
    },
    { title: 'SENT', text: ({ rates }: StatsResult) => rateText(rates?.sent), align: 'right' as const },
  ]
  return renderTable(machines, columns, paint.dim)
}

/** As `docker stats` has it: 100 % is one processor. */
function cpuText({ rates }: StatsResult): string {
  return rates === null ? '-' : `${(rates.cpu * 100).toFixed(1)}%`
}

function memoryText({ usage, memory }: StatsResult): string {
  return usage === null ? '-' : `${formatSize(usage.memory)} / ${formatSize(usage.given ?? memory)}`
}

function rateText(rate: number | null | undefined): string {
  return rate === null || rate === undefined ? '-' : `${formatSize(Math.round(rate))}/s`
}

function graphText(values: readonly number[]): string {
  const bar = (value: number) => bars[Math.round(value * (bars.length - 1))] ?? ''
  return values.map(bar).join('').padStart(graphWidth)
}
