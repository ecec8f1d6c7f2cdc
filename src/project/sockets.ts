import { join } from 'node:path'

/** The sockets of a project's network process, in its runtime folder. */
export function networkSockets(folder: string): { control: string; capture: string } {
  return { control: join(folder, 'net.sock'), capture: join(folder, 'capture.sock') }
}

/** Where the process that forwards a guest's ports answers, in the machine's runtime folder. */
export function forwarderSocket(folder: string): string {
  return join(folder, 'forward.sock')
}

/** Where the process that keeps an SSH connection to a guest gives out shells, in the machine's runtime folder. */
export function keeperSocket(folder: string): string {
  return join(folder, 'ssh.sock')
}

/** Where the process that keeps a guest's folders equal with the host's answers, in the machine's runtime folder. */
export function syncSocket(folder: string): string {
  return join(folder, 'sync.sock')
}

/** The socket of a machine's NIC on a private network, counted from 0, in the machine's runtime folder. */
export function nicSocket(folder: string, index: number): string {
  return join(folder, `net${index + 1}.sock`)
}
