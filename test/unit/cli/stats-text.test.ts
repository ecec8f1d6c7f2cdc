import { expect, test } from 'vitest'
import { prometheusText } from '../../../src/cli/text/prometheus.ts'
import { graphsOf, statsText } from '../../../src/cli/text/stats.ts'
import type { StatsResult } from '../../../src/machine/index.ts'
import { palette } from '../../../src/ui/index.ts'

const web: StatsResult = {
  name: 'web',
  state: 'running',
  cpus: 2,
  memory: 2 ** 30,
  usage: {
    cpu: 12.5,
    memory: 300 * 2 ** 20,
    disk: { read: 1000, written: 2000 },
    network: { received: 3000, sent: 4000 },
  },
  rates: { cpu: 1.234, read: 0, written: 2 ** 20, received: 1500, sent: 100.4 },
  metrics: {
    vcpus: [{ exits: { port: 9, memory: 8, halt: 0, interrupted: 1, other: 0 }, forwarded: 4 }],
    devices: [
      {
        name: 'blk0',
        queues: [
          {
            kicks: 5,
            interrupts: 6,
            requests: 7,
            fromGuest: 70,
            toGuest: 700,
            inFlight: 1,
            deepest: 2,
            stalls: 3,
          },
        ],
        faults: 0,
      },
    ],
  },
}
const db: StatsResult = {
  name: 'db',
  state: 'stopped',
  cpus: 1,
  memory: 2 ** 29,
  usage: null,
  rates: null,
  metrics: null,
}
const plain = palette(false)

test('a table says what each takes, and nothing of one that does not run', () => {
  expect(statsText([web, db], plain)).toBe(
    `\
MACHINE  STATE       CPU         MEMORY  DISK READ  WRITTEN  NET RECEIVED    SENT
web      running  123.4%  300MiB / 1GiB       0B/s   1MiB/s      1.5KiB/s  100B/s
db       stopped       -              -          -        -             -       -
`,
  )
})

test('graphs show the last twenty looks, of all the processors that a machine has', () => {
  let graphs = graphsOf(new Map(), [web, db])
  expect(graphs.get('web')).toEqual([0.617])
  for (let look = 0; look < 30; look++) graphs = graphsOf(graphs, [web])
  expect(graphs.get('web')).toHaveLength(20)
  const busy = { ...web, rates: { cpu: 9, read: 0, written: 0, received: null, sent: null } }
  const row = statsText([busy], plain, graphsOf(graphs, [busy])).split('\n')[1]
  expect(row).toContain(`${'▅'.repeat(19)}█`)
  expect(row?.match(/-/g)).toHaveLength(2)
})

test('metrics are in the form that Prometheus reads', () => {
  const text = prometheusText('a "shop"\\', [web, db])
  const labels = (machine: string) => `{project="a \\"shop\\"\\\\",machine="${machine}"}`
  expect(text).toContain(`# TYPE posada_machine_cpu_seconds_total counter
posada_machine_cpu_seconds_total${labels('web')} 12.5
# HELP`)
  expect(text).toContain(`posada_machine_up${labels('web')} 1\nposada_machine_up${labels('db')} 0\n`)
  for (const line of text.trimEnd().split('\n'))
    expect(line).toMatch(
      /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+\{project=".*",machine="[a-z]+"(,[a-z]+="[a-z0-9]+")*\} [0-9.]+)$/,
    )
})

test('what a hypervisor counts has labels of its own', () => {
  const text = prometheusText('shop', [web, db])
  const web1 = 'project="shop",machine="web"'
  expect(text).toContain(`posada_machine_vcpu_exits_total{${web1},vcpu="0",reason="memory"} 8\n`)
  expect(text).toContain(`posada_machine_queue_to_guest_bytes_total{${web1},device="blk0",queue="0"} 700\n`)
  expect(text).not.toContain('machine="db",')
})
