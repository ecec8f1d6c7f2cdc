import type { PortResult, PortsResult } from '../../machine/index.ts'
import { type Palette, renderTable } from '../../ui/index.ts'

export function portsText(machines: readonly PortsResult[], paint: Palette): string {
  if (machines.length === 0) return 'no machine is running'
  const rows = machines.flatMap(({ machine, ssh, ports, networks }) => [
    ...(ssh === null ? [] : [{ machine, guest: '22/tcp (ssh)', host: `${ssh.host}:${ssh.port}`, note: '' }]),
    ...ports.map((port) => ({
      machine,
      guest: `${port.guestPort}/${port.protocol}`,
      host: `${port.hostAddress}:${port.hostPort}`,
      note: portNote(port),
    })),
    ...networks.map(({ name, ipv4 }) => ({ machine, guest: ipv4, host: 'posada proxy', note: `on ${name}` })),
  ])
  const columns = [
    { title: 'MACHINE', text: (row: (typeof rows)[number]) => row.machine },
    { title: 'GUEST', text: (row: (typeof rows)[number]) => row.guest },
    { title: 'HOST', text: (row: (typeof rows)[number]) => row.host },
    { title: '', text: (row: (typeof rows)[number]) => row.note },
  ]
  return renderTable(rows, columns, paint.dim)
}

function portNote({ movedFrom, auto }: PortResult): string {
  if (auto === true) return 'as long as it listens'
  return movedFrom === undefined ? '' : `${movedFrom} was taken`
}

/** In a sentence. */
export function portList(ports: readonly PortResult[]): string {
  return ports
    .map((port) => `${port.hostAddress}:${port.hostPort} leads to ${port.guestPort}/${port.protocol}`)
    .join(', ')
}
