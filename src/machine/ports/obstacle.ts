import { isErrno } from '../../lib/files/errno.ts'
import { bindOnce } from '../../lib/net/bind-once.ts'
import type { PortForward } from '../../provider/index.ts'

/** Where the host listens. */
export type HostPort = Pick<PortForward, 'protocol' | 'hostAddress' | 'hostPort'>

/** What keeps a listener from being opened. */
export type Obstacle = 'taken' | 'denied' | 'no address'

/** What would keep a listener from being opened there now. Source: bind(2). */
export async function findObstacle(
  protocol: 'tcp' | 'udp',
  address: string,
  port: number,
): Promise<Obstacle | null> {
  try {
    await bindOnce(protocol, address, port)
    return null
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE')) return 'taken'
    if (isErrno(error, 'EACCES', 'EPERM')) return 'denied'
    if (isErrno(error, 'EADDRNOTAVAIL')) return 'no address'
    throw error
  }
}

/** Whether a listener could be opened there now. */
export async function isFree(protocol: 'tcp' | 'udp', address: string, port: number): Promise<boolean> {
  return (await findObstacle(protocol, address, port)) === null
}
