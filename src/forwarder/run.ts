import { Writable } from 'node:stream'
import { isPosadaError } from '../errors/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import { isAlive } from '../lib/process/process-identity.ts'
import { connect, exec, type SshSession } from '../ssh/index.ts'
import type { Forward, ForwarderConfig } from './config.ts'
import { Forwards } from './forwards.ts'
import { listings, parseListing, watchScript } from './guest-ports.ts'

/** Milliseconds between two looks at what the guest said: one that opens and closes ports all the time costs the same. */
const pause = 1000
/** The same until the guest has first said something: someone waits for it. */
const firstPause = 50

export interface RunningForwarder {
  list(): Forward[]
  /** Resolves when the ports that are open now are forwarded. */
  first: Promise<void>
  /** Resolves when the machine has ended or `signal` was aborted. */
  ended: Promise<void>
}

/**
 * Keeps an SSH connection to a machine for as long as the machine's process lives, and forwards what
 * listens in the guest. A connection that broke off (the guest restarts) closes all ports; they come
 * back, with the same numbers of the host, when the guest does.
 */
export function runForwarder(
  config: ForwarderConfig,
  options: { signal: AbortSignal; log: (line: string) => void },
): RunningForwarder {
  let session: SshSession | null = null
  const forwards = new Forwards({ session: () => session, avoid: new Set(config.avoid), tell: options.log })
  const { signal } = options
  let onFirst: () => void = () => undefined
  const first = new Promise<void>((resolve) => {
    onFirst = resolve
  })
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const work = async () => {
    while (!signal.aborted && (await isAlive(config.hypervisor))) {
      try {
        session = await connect(config.target, { signal })
        await follow(session, { config, forwards, onFirst }, options)
      } catch (error) {
        if (!signal.aborted && !isPosadaError(error)) throw error
      } finally {
        await session?.close()
        session = null
        await forwards.sync([])
      }
      if (!signal.aborted) await Promise.race([sleep(pause), aborted])
    }
  }
  return { list: () => forwards.list(), first, ended: work() }
}

/** Follows the guest's listings until the connection ends, or the script in the guest does. */
async function follow(
  session: SshSession,
  { config, forwards, onFirst }: { config: ForwarderConfig; forwards: Forwards; onFirst: () => void },
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const skip = new Set(config.skip)
  let latest: string | null = null
  let isFirst = true
  let isOver = false
  const take = listings((text) => {
    latest = text
  })
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      take(chunk.toString('latin1'))
      done()
    },
  })
  const over = () => {
    isOver = true
  }
  // How it ends does not matter: the connection is made again as long as the machine lives.
  const watching = exec(session, ['/bin/sh', '-c', watchScript], { stdout }).then(over, over)
  while (!isOver && !signal.aborted) {
    if (latest !== null) {
      const ports = parseListing(latest, skip)
      latest = null
      await forwards.sync(ports)
      onFirst()
      isFirst = false
    }
    await Promise.race([sleep(isFirst ? firstPause : pause, signal), watching])
  }
}
