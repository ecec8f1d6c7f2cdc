import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openBoxStore } from '../../src/box/index.ts'
import { findProgram } from '../../src/lib/process/find-program.ts'
import { userPaths } from '../../src/project/user-paths.ts'
import { carryProgram } from '../helpers/carried-program.ts'
import { type Bench, type BenchResult, ratioOf } from './bench.ts'
import { timed } from './timed.ts'

const launcher = resolve('bin/posada.js')
/** Addresses of `b`: through the switch, and over the cable. */
const ways = { ours: '10.40.0.11', theirs: '10.99.0.2' } as const
/** Seconds of a measurement. */
const span = 5

interface Measure {
  name: string
  unit: string
  limit: number | null
  atLeast?: boolean
  how: string
  take(to: string, guest: Guest): Promise<number>
}
type Guest = (script: string) => Promise<string>

const measures: Measure[] = [
  {
    name: 'bytes a second',
    unit: 'MB/s',
    limit: 0.7,
    atLeast: true,
    how: `iperf3, one TCP connection, ${span} s`,
    take: async (to, guest) => {
      const { end } = JSON.parse(await guest(`/tmp/iperf3/iperf3 -J -t ${span} -c ${to}`))
      return end.sum_received.bits_per_second / 8e6
    },
  },
  {
    name: 'frames a second',
    unit: 'frames/s',
    limit: 0.7,
    atLeast: true,
    how: `iperf3, UDP with 64 bytes in a datagram as fast as it goes, ${span} s; those that arrive`,
    take: async (to, guest) => {
      const { end } = JSON.parse(await guest(`/tmp/iperf3/iperf3 -J -u -b 0 -l 64 -t ${span} -c ${to}`))
      return (end.sum.packets - end.sum.lost_packets) / end.sum.seconds
    },
  },
  {
    name: 'round trip',
    unit: 'ms',
    limit: null,
    how: 'ping, 200 times, the average',
    take: async (to, guest) => {
      const said = await guest(`sudo ping -4 -q -c 200 -i 0.01 ${to}`)
      return Number(/min\/avg\/max = [\d.]+\/([\d.]+)/.exec(said)?.[1])
    },
  },
]

/** Machine to machine through the project's switch, beside a cable between the same two QEMUs. */
export const bench: Bench = {
  name: 'network',

  async unavailable() {
    if (findProgram('iperf3') === null) return 'needs iperf3'
    const boxes = await openBoxStore(userPaths().boxes).list()
    return boxes.some(({ name }) => name === 'posada/tiny') ? null : 'needs the box posada/tiny'
  },

  async run({ samples, log }) {
    const folder = await mkdtemp(join(tmpdir(), 'posada-bench-'))
    const posada = (...args: string[]) => timed(process.execPath, [launcher, ...args], { cwd: folder })
    const guest = (name: string) => async (script: string) =>
      (await posada('exec', name, '--', 'sh', '-c', script)).stdout
    try {
      await writeFile(join(folder, 'posada.yaml'), manifest(join(folder, 'cable.sock')))
      await carryProgram('iperf3', join(folder, 'iperf3'))
      await posada('up', '--yes')
      for (const [name, address] of [
        ['a', '10.99.0.1'],
        ['b', ways.theirs],
      ] as const) {
        await posada('copy', 'iperf3', `${name}:/tmp/`)
        await guest(name)(`sudo ip link set eth2 up; sudo ip addr add ${address}/24 dev eth2`)
      }
      await guest('b')('/tmp/iperf3/iperf3 -s -D')
      return await measureAll(samples, guest('a'), log)
    } finally {
      await posada('destroy', '--yes')
      await rm(folder, { recursive: true, force: true })
    }
  },
}

async function measureAll(
  samples: number,
  guest: Guest,
  log: (line: string) => void,
): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  for (const { take, ...measure } of measures) {
    const taken: Record<keyof typeof ways, number[]> = { ours: [], theirs: [] }
    for (let round = 1; round <= samples; round++) {
      const pair = { ours: await take(ways.ours, guest), theirs: await take(ways.theirs, guest) }
      taken.ours.push(pair.ours)
      taken.theirs.push(pair.theirs)
      const [a, b] = [pair.ours.toPrecision(4), pair.theirs.toPrecision(4)]
      log(`${measure.name}  ${round}/${samples}  ${a} ÷ ${b} ${measure.unit}`)
    }
    const { ours, theirs } = taken
    const name = `${measure.name}, through the switch ÷ over a cable`
    results.push({ ...measure, name, ours, theirs, ratio: ratioOf(ours, theirs) })
  }
  return results
}

/** Two machines on a network, and with a third NIC each at the two ends of a cable (QEMU's `-netdev stream`). */
function manifest(cable: string): string {
  const end = (server: boolean, mac: string) =>
    JSON.stringify([
      '-netdev',
      `stream,id=cable,server=${server ? 'on' : 'off'},addr.type=unix,addr.path=${cable}`,
      '-device',
      `virtio-net-pci,netdev=cable,mac=${mac},romfile=`,
    ])
  return `version: 1
networks: {back: {subnet: 10.40.0.0/24}}
defaults: {box: posada/tiny, memory: 256MiB, provider: qemu}
machines:
  a:
    networks: [{name: back, address: 10.40.0.10}]
    providers: {qemu: {args: ${end(true, '52:54:00:99:00:01')}}}
  b:
    depends_on: [a]
    networks: [{name: back, address: ${ways.ours}}]
    providers: {qemu: {args: ${end(false, '52:54:00:99:00:02')}}}
`
}
