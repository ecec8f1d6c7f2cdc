import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { holdLock } from '../../background/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { sweepImages } from './images.ts'
import { Pipes } from './pipes.ts'
import { type Serving, serveStream } from './serve.ts'

export interface ServerConfig {
  /** Held by the process itself. */
  lock: string
  /** The Unix socket that connections from other hosts are passed on to. */
  socket: string
}

/** Milliseconds: without a pipe; between two looks at that. */
const times = { idle: 600_000, look: 5000 }

/**
 * Serves other hosts until it is told to end, or none has been there for a while. It outlives their connections, and
 * machines outlive it. Null: another does already.
 */
export async function runServer(
  { lock, socket: path }: ServerConfig,
  serving: Serving,
  { signal, onReady }: { signal: AbortSignal; onReady: () => void },
): Promise<string | null> {
  if (!(await holdLock(lock, path))) return null
  const pipes = new Pipes((stream) => void serveStream(stream, serving))
  const server = createServer((carrier) => void pipes.take(carrier))
  await rm(path, { force: true })
  server.listen(path)
  await once(server, 'listening')
  await sweepImages(serving.user)
  onReady()
  try {
    for (let idle = 0; idle < times.idle; idle += times.look) {
      await sleep(times.look, signal)
      if (!pipes.isEmpty) idle = 0
    }
    return 'no other host has been there for a while'
  } finally {
    server.close()
  }
}
