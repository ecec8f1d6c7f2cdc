import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'

/** An address of this host that is not of its loopback; undefined where it has none. */
export const outsideAddress = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

/**
 * Servers that stand where the outside begins for a guest: one by TCP greets, one by UDP sends back what it hears, as a
 * package mirror and a name server would. They end with `onFinished`.
 */
export async function outsideServers(
  onFinished: (cleanUp: () => void) => void,
): Promise<{ tcp: number; udp: number }> {
  const greeter = createServer((socket) => socket.on('error', () => undefined).end('outside\n'))
  await once(greeter.listen(0, outsideAddress), 'listening')
  const echo = createSocket('udp4')
  echo.on('message', (text, { port, address }) => echo.send(text, port, address))
  echo.bind(0, outsideAddress)
  await once(echo, 'listening')
  onFinished(() => {
    greeter.close()
    echo.close()
  })
  return { tcp: (greeter.address() as AddressInfo).port, udp: echo.address().port }
}
