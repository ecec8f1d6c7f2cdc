import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { listeningInodes, portOwner } from '../../../../src/lib/net/port-owner.ts'

test.runIf(process.platform === 'linux')('names the process that listens on a TCP port', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect(await portOwner('tcp', port)).toMatchObject({
      pid: process.pid,
      name: expect.stringMatching(/\S/),
    })
    expect(await portOwner('udp', port)).toBeNull()
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

test.runIf(process.platform === 'linux')('names the process that is bound to a UDP port', async () => {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  try {
    expect(await portOwner('udp', socket.address().port)).toMatchObject({ pid: process.pid })
  } finally {
    await new Promise<void>((resolve) => socket.close(() => resolve()))
  }
})

test('a connection to the port is not a listener', () => {
  const head =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
  const row = (state: string, inode: number) =>
    `   0: 0100007F:1F90 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1`
  const table = [head, row('01', 11), row('0A', 12), ''].join('\n')
  expect(listeningInodes(table, 'tcp', 8080)).toEqual(['12'])
  expect(listeningInodes(table, 'udp', 8080)).toEqual(['11', '12'])
  expect(listeningInodes(table, 'tcp', 80)).toEqual([])
})
