import type { StatsResult } from '../../machine/index.ts'

interface Sample {
  value: number | null | undefined
  /** Beside the project's and the machine's. */
  labels?: Record<string, string | number>
}

interface Family {
  name: string
  type: 'counter' | 'gauge'
  help: string
  samples: (machine: StatsResult) => Sample[]
}

/** Source: Prometheus, Exposition formats, text-based format 0.0.4. */
export function prometheusText(project: string, machines: readonly StatsResult[]): string {
  return families
    .map(({ name, type, help, samples }) => {
      const lines = machines.flatMap((machine) =>
        samples(machine).flatMap(({ value, labels = {} }) => {
          if (value === null || value === undefined) return []
          return [`${name}{${labelsText({ project, machine: machine.name, ...labels })}} ${value}\n`]
        }),
      )
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
    })
    .join('')
}

function labelsText(labels: Record<string, string | number>): string {
  const quote = (value: string) => `"${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${quote(String(value))}`)
    .join(',')
}

const one = (value: (machine: StatsResult) => Sample['value']) => (machine: StatsResult) => [
  { value: value(machine) },
]

type Queue = NonNullable<StatsResult['metrics']>['devices'][number]['queues'][number]

const ofQueues =
  (key: keyof Queue) =>
  ({ metrics }: StatsResult): Sample[] =>
    (metrics?.devices ?? []).flatMap(({ name, queues }) =>
      queues.map((queue, index) => ({ value: queue[key], labels: { device: name, queue: index } })),
    )

const families: readonly Family[] = [
  {
    name: 'posada_machine_up',
    type: 'gauge',
    help: 'Whether the machine is running.',
    samples: one(({ usage }) => (usage === null ? 0 : 1)),
  },
  {
    name: 'posada_machine_cpus',
    type: 'gauge',
    help: 'Virtual processors.',
    samples: one(({ cpus }) => cpus),
  },
  {
    name: 'posada_machine_cpu_seconds_total',
    type: 'counter',
    help: 'Processor time of the host since the machine was started.',
    samples: one(({ usage }) => usage?.cpu),
  },
  {
    name: 'posada_machine_memory_bytes',
    type: 'gauge',
    help: 'Memory of the host that the machine uses.',
    samples: one(({ usage }) => usage?.memory),
  },
  {
    name: 'posada_machine_memory_given_bytes',
    type: 'gauge',
    help: 'What the guest has of its memory now, where that moves.',
    samples: one(({ usage }) => usage?.given),
  },
  {
    name: 'posada_machine_memory_limit_bytes',
    type: 'gauge',
    help: "The guest's memory.",
    samples: one(({ memory }) => memory),
  },
  {
    name: 'posada_machine_disk_read_bytes_total',
    type: 'counter',
    help: 'Bytes that the guest has read from its disks.',
    samples: one(({ usage }) => usage?.disk.read),
  },
  {
    name: 'posada_machine_disk_written_bytes_total',
    type: 'counter',
    help: 'Bytes that the guest has written to its disks.',
    samples: one(({ usage }) => usage?.disk.written),
  },
  {
    name: 'posada_machine_network_received_bytes_total',
    type: 'counter',
    help: 'Bytes that the guest received from outside its private networks.',
    samples: one(({ usage }) => usage?.network?.received),
  },
  {
    name: 'posada_machine_network_sent_bytes_total',
    type: 'counter',
    help: 'Bytes that the guest sent outside its private networks.',
    samples: one(({ usage }) => usage?.network?.sent),
  },
  {
    name: 'posada_machine_vcpu_exits_total',
    type: 'counter',
    help: 'Times that a virtual processor left the guest for the hypervisor.',
    samples: ({ metrics }) =>
      (metrics?.vcpus ?? []).flatMap(({ exits }, vcpu) =>
        Object.entries(exits).map(([reason, value]) => ({ value, labels: { vcpu, reason } })),
      ),
  },
  {
    name: 'posada_machine_vcpu_forwarded_accesses_total',
    type: 'counter',
    help: 'Accesses that waited for the thread of the devices.',
    samples: ({ metrics }) =>
      (metrics?.vcpus ?? []).map(({ forwarded }, vcpu) => ({ value: forwarded, labels: { vcpu } })),
  },
  {
    name: 'posada_machine_device_faults_total',
    type: 'counter',
    help: "Rules that the guest's driver broke.",
    samples: ({ metrics }) =>
      (metrics?.devices ?? []).map(({ name, faults }) => ({ value: faults, labels: { device: name } })),
  },
  {
    name: 'posada_machine_queue_kicks_total',
    type: 'counter',
    help: 'Times that the guest rang for a queue.',
    samples: ofQueues('kicks'),
  },
  {
    name: 'posada_machine_queue_interrupts_total',
    type: 'counter',
    help: 'Times that the guest was interrupted for a queue.',
    samples: ofQueues('interrupts'),
  },
  {
    name: 'posada_machine_queue_requests_total',
    type: 'counter',
    help: 'Requests of a queue that were answered.',
    samples: ofQueues('requests'),
  },
  {
    name: 'posada_machine_queue_from_guest_bytes_total',
    type: 'counter',
    help: 'Bytes of the buffers that the guest gave, with headers.',
    samples: ofQueues('fromGuest'),
  },
  {
    name: 'posada_machine_queue_to_guest_bytes_total',
    type: 'counter',
    help: 'Bytes that the guest was given, with headers.',
    samples: ofQueues('toGuest'),
  },
  {
    name: 'posada_machine_queue_in_flight',
    type: 'gauge',
    help: 'Requests that are being served.',
    samples: ofQueues('inFlight'),
  },
  {
    name: 'posada_machine_queue_deepest',
    type: 'gauge',
    help: 'The most requests that waited or were served at once.',
    samples: ofQueues('deepest'),
  },
  {
    name: 'posada_machine_queue_stalls_total',
    type: 'counter',
    help: 'Times that requests of a queue had to wait.',
    samples: ofQueues('stalls'),
  },
]
