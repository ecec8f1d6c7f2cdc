/** Why a frame was not carried on. */
export const dropReasons = {
  runt: 'shorter than an Ethernet header',
  oversize: 'longer than any frame may be',
  malformed: 'cut short inside its headers',
  mac: 'from a MAC address that is not the sender’s',
  arp: 'an ARP answer for another machine’s address',
  ipv4: 'from an IPv4 address that is not the sender’s',
  ipv6: 'from an IPv6 address that is not the sender’s',
  dhcp: 'an answer of a DHCP server',
  router: 'a router advertisement or a redirection',
  storm: 'broadcasts faster than is let through',
  unknown: 'for an address that no machine has',
  full: 'the receiver did not read fast enough',
  down: 'the receiver was not there',
  loss: 'lost, as the conditions say',
  cut: 'the link is cut',
  backlog: 'more than the conditions’ rate can carry',
} as const

export type DropReason = keyof typeof dropReasons

/** What went through a port. Received is what the machine sent; counted in frames and bytes of frames. */
export interface Counters {
  received: { frames: number; bytes: number }
  sent: { frames: number; bytes: number }
  /** Frames of this machine that were not carried, by reason; those for it that it did not take. */
  dropped: Partial<Record<DropReason, number>>
}

export function newCounters(): Counters {
  return { received: { frames: 0, bytes: 0 }, sent: { frames: 0, bytes: 0 }, dropped: {} }
}

export function countDrop(counters: Counters, reason: DropReason, frames = 1): void {
  counters.dropped[reason] = (counters.dropped[reason] ?? 0) + frames
}
