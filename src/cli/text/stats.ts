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
  return usage === null ? '-' : `${formatSize(usage.memory)} / ${formatSize(memory)}`
}

function rateText(rate: number | null | undefined): string {
  return rate === null || rate === undefined ? '-' : `${formatSize(Math.round(rate))}/s`
}

function graphText(values: readonly number[]): string {
  const bar = (value: number) => bars[Math.round(value * (bars.length - 1))] ?? ''
  return values.map(bar).join('').padStart(graphWidth)
}

interface Metric {
  name: string
  type: 'counter' | 'gauge'
  help: string
  value: (machine: StatsResult) => number | null | undefined
}

const metrics: readonly Metric[] = [
  {
    name: 'posada_machine_up',
    type: 'gauge',
    help: 'Whether the machine is running.',
    value: ({ usage }) => (usage === null ? 0 : 1),
  },
  {
    name: 'posada_machine_cpus',
    type: 'gauge',
    help: 'Virtual processors.',
    value: ({ cpus }) => cpus,
  },
  {
    name: 'posada_machine_cpu_seconds_total',
    type: 'counter',
    help: 'Processor time of the host since the machine was started.',
    value: ({ usage }) => usage?.cpu,
  },
  {
    name: 'posada_machine_memory_bytes',
    type: 'gauge',
    help: 'Memory of the host that the machine uses.',
    value: ({ usage }) => usage?.memory,
  },
  {
    name: 'posada_machine_memory_limit_bytes',
    type: 'gauge',
    help: "The guest's memory.",
    value: ({ memory }) => memory,
  },
  {
    name: 'posada_machine_disk_read_bytes_total',
    type: 'counter',
    help: 'Bytes that the guest has read from its disks.',
    value: ({ usage }) => usage?.disk.read,
  },
  {
    name: 'posada_machine_disk_written_bytes_total',
    type: 'counter',
    help: 'Bytes that the guest has written to its disks.',
    value: ({ usage }) => usage?.disk.written,
  },
  {
    name: 'posada_machine_network_received_bytes_total',
    type: 'counter',
    help: 'Bytes that the guest received from outside its private networks.',
    value: ({ usage }) => usage?.network?.received,
  },
  {
    name: 'posada_machine_network_sent_bytes_total',
    type: 'counter',
    help: 'Bytes that the guest sent outside its private networks.',
    value: ({ usage }) => usage?.network?.sent,
  },
]

/** Source: Prometheus, Exposition formats, text-based format 0.0.4. */
export function prometheusText(project: string, machines: readonly StatsResult[]): string {
  const label = (value: string) => `"${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
  return metrics
    .map(({ name, type, help, value }) => {
      const samples = machines.flatMap((machine) => {
        const one = value(machine)
        const labels = `{project=${label(project)},machine=${label(machine.name)}}`
        return one === null || one === undefined ? [] : [`${name}${labels} ${one}\n`]
      })
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join('')}`
    })
    .join('')
}
