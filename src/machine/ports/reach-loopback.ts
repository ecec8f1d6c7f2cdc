import { createSocket } from 'node:dgram'

/**
 * Rejects with the system's error where 127.0.0.1 cannot be reached: a network namespace whose loopback is down lets
 * programs listen there all the same. Nothing is sent. Source: connect(2), connectionless sockets.
 */
export async function reachLoopback(): Promise<void> {
  const socket = createSocket('udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error) => (error instanceof Error ? reject(error) : resolve())
      socket.connect(9, '127.0.0.1', done)
    })
  } finally {
    socket.close()
  }
}
