import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { awaitAnnouncement } from '../../../../src/machine/guest/ready.ts'
import type { MachineSpec, Provider } from '../../../../src/provider/index.ts'
import { dial } from '../../../helpers/ready-channel.ts'

const running = { status: async () => ({ state: 'running' }) } as unknown as Provider

/** Waits at a channel whose n-th listener meets `behave(socket, n)`. */
async function listen(behave: (socket: Socket, nth: number) => void, timeout = 15_000): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'posada-ready-'))
  const path = join(folder, 'ready.sock')
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    behave(socket, sockets.push(socket))
  })
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true, force: true })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const files = { consoleLog: join(folder, 'console.log') }
  await awaitAnnouncement(() => dial(path), {
    provider: running,
    spec: { name: 'web', files } as unknown as MachineSpec,
    timeout,
    consoleFrom: 0,
    signal: new AbortController().signal,
  })
}

it('is heard over a channel in pieces, among other lines', async () => {
  await listen((socket) => {
    socket.write('starting\nrea')
    setTimeout(() => socket.write('dy\r\n'), 50)
  })
})

it('is heard by a listener who was cut off and came back', async () => {
  await listen((socket, nth) => (nth === 1 ? socket.destroy() : socket.write('ready\n')))
})

it('is heard where the hypervisor keeps what is said from the first listener, after some 5 s', async () => {
  await listen((socket, nth) => {
    if (nth > 1) socket.write('ready\n')
  })
})

it('is not taken from a line that only has the word in it, nor from one that goes on without end', async () => {
  const failure = listen((socket) => {
    socket.write(`ready or not\n${'x'.repeat(9000)}ready`)
  }, 300)
  await expect(failure).rejects.toMatchObject({ code: 'E_BOOT_TIMEOUT' })
})
