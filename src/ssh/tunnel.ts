import type { ClientChannel } from 'ssh2'
import type { SshSession } from './session.ts'

/** Where a connection leads, as the guest sees it. */
export interface TunnelEnd {
  host: string
  port: number
}

/** An open connection, or in a few words why the guest made none. */
export type Tunnel = { channel: ClientChannel } | { refused: string }

/** RFC 4254, 5.1: reasons of a channel that was not opened. */
const reasons: Record<number, string> = {
  1: 'its SSH server does not forward connections (AllowTcpForwarding)',
  2: 'nothing answers there',
  3: 'its SSH server does not know how to forward connections',
  4: 'its SSH server accepts no further connection',
}

/**
 * Has the guest's SSH server make a TCP connection (`direct-tcpip`, RFC 4254, 7.2), so that a port is
 * reached that the host has no forward for, also one on the guest's loopback. A connection that the
 * guest could not make is a result; E_SSH_LOST where the session itself has ended.
 */
export function openTunnel(session: SshSession, to: TunnelEnd): Promise<Tunnel> {
  return new Promise((resolve, reject) => {
    try {
      session.client.forwardOut('127.0.0.1', 0, to.host, to.port, (error, channel) => {
        if (error === undefined || error === null) resolve({ channel })
        else if ('reason' in error) resolve({ refused: reasons[Number(error.reason)] ?? 'it was refused' })
        else reject(session.lost())
      })
    } catch (error) {
      reject(error instanceof Error && error.message === 'Not connected' ? session.lost() : error)
    }
  })
}
