import { readFileSync, writeFileSync } from 'node:fs'

const event = '/sys/kernel/tracing/events/kvm/kvm_userspace_exit'

export interface ExitCounter {
  read(): Exits
  stop(): void
}

/**
 * Returns of KVM_RUN to user space of all machines of this host, from the kernel's own tracepoint: what the guest
 * did (port, memory) and all. Works for any hypervisor.
 */
export function countExits(): ExitCounter {
  writeFileSync(`${event}/trigger`, 'hist:keys=reason')
  return {
    read: () => parse(readFileSync(`${event}/hist`, 'latin1')),
    stop: () => writeFileSync(`${event}/trigger`, '!hist:keys=reason'),
  }
}

export interface Exits {
  port: number
  memory: number
  all: number
}

/** Lines like `{ reason:          2 } hitcount:         93`; reasons are KVM_EXIT_*. */
function parse(text: string): Exits {
  const exits = { port: 0, memory: 0, all: 0 }
  for (const [, reason, count] of text.matchAll(/reason:\s*(\d+) \} hitcount:\s*(\d+)/g)) {
    exits.all += Number(count)
    if (reason === '2') exits.port += Number(count)
    if (reason === '6') exits.memory += Number(count)
  }
  return exits
}
