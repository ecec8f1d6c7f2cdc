import { formatPart, formatRate } from '../../lib/values/link-units.ts'
import { formatDuration } from '../../lib/values/units.ts'
import type { CaptureResult, NetworkResult, ProxyResult } from '../../machine/index.ts'
import { type Palette, renderTable } from '../../ui/index.ts'

type Conditions = NetworkResult['conditions']

/** Each network with its conditions, then its machines. */
export function networksText(networks: readonly NetworkResult[], paint: Palette): string {
  if (networks.length === 0) return 'the manifest has no networks\n'
  return networks.map((network) => networkText(network, paint)).join('\n')
}

function networkText(
  { name, subnet, isolated, conditions, pairs, machines }: NetworkResult,
  paint: Palette,
): string {
  const words = [isolated ? 'isolated' : '', conditionsText(conditions)].filter((word) => word !== '')
  const head = `${name} ${subnet}${words.length === 0 ? '' : `, ${words.join(', ')}`}\n`
  const between = pairs.map(
    (pair) => `  ${pair.between.join(' - ')}: ${conditionsText(pair.conditions) || 'as on a wire'}\n`,
  )
  const table = renderTable(
    machines,
    [
      { title: 'MACHINE', text: ({ machine }) => machine },
      { title: 'IPV4', text: ({ ipv4 }) => ipv4 },
      { title: 'IPV6', text: ({ ipv6 }) => ipv6 },
      { title: 'MAC', text: ({ mac }) => mac },
      { title: 'LINK', text: ({ linked }) => (linked ? 'up' : 'down') },
    ],
    paint.dim,
  )
  return head + between.join('') + table
}

/** `latency 40ms, loss 2%`. */
function conditionsText({ latency, jitter, loss, duplicate, reorder, rate, cut }: Conditions): string {
  const parts = [
    cut === true ? 'cut' : '',
    latency ? `latency ${formatDuration(latency)}` : '',
    jitter ? `jitter ${formatDuration(jitter)}` : '',
    loss ? `loss ${formatPart(loss)}` : '',
    duplicate ? `duplicate ${formatPart(duplicate)}` : '',
    reorder ? `reorder ${formatPart(reorder)}` : '',
    rate ? `rate ${formatRate(rate)}` : '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}

/** How a capture ended. */
export function captureText({ packets, dropped, broken }: CaptureResult): string {
  const frames = `${packets} frame${packets === 1 ? '' : 's'}`
  const missing = dropped === 0 ? '' : `, ${dropped} missing, which came faster than they were taken`
  return `${frames} captured${missing}${broken ? '; the networks have ended' : ''}`
}

/** Where a proxy is, and how it is used. */
export function proxyText({ project, host, port, socks, http }: ProxyResult, machine: string): string {
  return [
    `${project}'s machines and private addresses are reached through ${host}:${port} until Ctrl-C; for example`,
    `  curl -x ${socks} http://${machine}/`,
    `  export ALL_PROXY=${socks} http_proxy=${http}`,
  ].join('\n')
}
