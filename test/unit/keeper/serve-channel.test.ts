import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex, Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { encodeFrame, FrameDecoder } from '../../../src/keeper/frames.ts'
import { serveChannel } from '../../../src/keeper/serve-channel.ts'
import type { Channel } from '../../../src/ssh/index.ts'

/** A command's streams that take no input. */
class Deaf extends Duplex implements Channel {
  readonly stderr = new Readable({ read: () => undefined })
  constructor() {
    super({ read: () => undefined, write: () => undefined })
  }
  close(): void {
    this.destroy()
  }
}

test('how a command ended comes through, though its input goes on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posada-serve-'))
  const command = new Deaf()
  let served: Socket | undefined
  const server = createServer((socket) => {
    served = socket
    serveChannel(socket, async () => command)
  })
  onTestFinished(async () => {
    server.close()
    rmSync(folder, { recursive: true })
  })
  const path = join(folder, 'socket')
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const client = connect({ path, allowHalfOpen: true })

  const frames: string[] = []
  client.on('error', (error) => frames.push(error.message))
  client.write(encodeFrame('open', Buffer.from('credential')))
  await once(client, 'readable')

  // The command ends; of the input a part is under way, and more comes behind that.
  client.write(encodeFrame('data', Buffer.alloc(100_000)))
  command.emit('exit', 4)
  command.destroy()
  await once(command, 'close')
  for (let part = 0; part < 20; part++) {
    client.write(encodeFrame('data', Buffer.alloc(100_000)))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(served?.destroyed).toBe(false)
  const decoder = new FrameDecoder()
  client.on('data', (bytes) => frames.push(...decoder.push(bytes).map(({ kind }) => kind)))
  client.end()
  await once(client, 'close')
  expect(frames).toEqual(['opened', 'exit'])
})
