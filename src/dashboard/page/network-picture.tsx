import type { NetworkResult } from '../../machine/index.ts'
import { isCut, pairsOf } from './network-links.ts'

const width = 480
const height = 260
/** Machines between which every single way is drawn; of more, only those that differ. */
const mostWays = 6

/** Machines round a circle, with the ways between them. The table beside it says the same in words. */
export function NetworkPicture({ network }: { network: NetworkResult }) {
  const { machines, pairs } = network
  const place = new Map(
    machines.map(({ machine }, index) => {
      const angle = (2 * Math.PI * index) / machines.length - Math.PI / 2
      return [
        machine,
        { x: width / 2 + 170 * Math.cos(angle), y: height / 2 + 95 * Math.sin(angle) },
      ] as const
    }),
  )
  const ways = pairsOf(network).filter(
    (pair) =>
      machines.length <= mostWays ||
      pairs.some(({ between }) => between.includes(pair[0]) && between.includes(pair[1])),
  )
  const linked = (name: string) => machines.find(({ machine }) => machine === name)?.linked === true
  return (
    <svg class="picture" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {ways.map(([a, b]) => {
        const [from, to] = [place.get(a), place.get(b)]
        if (from === undefined || to === undefined) return null
        const kind = isCut(network, [a, b]) ? 'cut' : linked(a) && linked(b) ? 'open' : 'off'
        const text = said(network, [a, b])
        return (
          <g key={`${a} ${b}`} class={kind}>
            <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} />
            <text x={(from.x + to.x) / 2} y={(from.y + to.y) / 2 - 4}>
              {text}
            </text>
          </g>
        )
      })}
      {machines.map(({ machine, ipv4, linked: isLinked }) => {
        const { x, y } = place.get(machine) ?? { x: 0, y: 0 }
        return (
          <g key={machine} class={isLinked ? 'node linked' : 'node'}>
            <rect x={x - 55} y={y - 20} width="110" height="40" rx="6" />
            <text x={x} y={y - 2}>
              {machine}
            </text>
            <text x={x} y={y + 13} class="address">
              {ipv4}
            </text>
          </g>
        )
      })}
    </svg>
  )
}

/** What a way is like, in few words. */
function said({ conditions, pairs }: NetworkResult, [a, b]: [string, string]): string {
  const own = pairs.findLast(({ between }) => between.includes(a) && between.includes(b))?.conditions
  const { latency, loss, rate, cut } = { ...conditions, ...own }
  if (cut === true) return 'cut'
  return [
    ...(latency === undefined ? [] : [`${latency} ms`]),
    ...(loss === undefined ? [] : [`${(loss * 100).toFixed(1)}% lost`]),
    ...(rate === undefined ? [] : [`${(rate / 1e6).toFixed(1)} Mbit/s`]),
  ].join(', ')
}
