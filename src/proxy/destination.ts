import type { Duplex } from 'node:stream'

/** Where a client wants to be joined to. */
export interface Destination {
  /** A name or an address, as the client gave it; an IPv6 address without brackets. */
  host: string
  port: number
}

/** `forbidden`: not a place that this proxy leads to. `absent`: no machine is there now. `refused`: nothing answers. */
export type Refusal = 'forbidden' | 'absent' | 'refused'

/** An open connection, or why there is none, in a sentence. */
export type Opened = { stream: Duplex } | { refused: Refusal; message: string }

export type Open = (to: Destination) => Promise<Opened>

/** `web:80`, `[fd00::2]:80`; null for anything else. */
export function parseDestination(text: string): Destination | null {
  const [, six, other, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@\s]{1,255})):(\d{1,5})$/.exec(text) ?? []
  const host = six ?? other
  const port = Number(digits)
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port }
}

export function formatDestination({ host, port }: Destination): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
