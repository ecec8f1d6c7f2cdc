import { rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'

export interface VsockRelay {
  close(): Promise<void>
}

/** A Unix socket as a hypervisor has it for a guest whose vsock port 22 leads to a TCP port of this host. */
export async function relayVsock(path: string, sshPort: number): Promise<VsockRelay> {
  const open = new Set<Socket>()
  const keep = (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy())
    return socket
  }
  const server = createServer({ allowHalfOpen: true }, (client) => {
    keep(client).once('data', (request) => {
      if (String(request) !== 'CONNECT 22\n') {
        client.destroy()
        return
      }
      const guest = keep(connect({ port: sshPort, host: '127.0.0.1', allowHalfOpen: true }))
      guest.once('connect', () => {
        // The first bytes of the guest come with the answer.
        guest.once('data', (banner) => {
          client.write(Buffer.concat([Buffer.from('OK 1073741824\n'), banner]))
          guest.pipe(client)
          client.pipe(guest)
        })
      })
      guest.once('close', () => client.destroy())
    })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return {
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      await rm(path, { force: true })
    },
  }
}
