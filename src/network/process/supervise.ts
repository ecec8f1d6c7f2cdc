import { holdLock } from '../../background/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import type { ProcessConfig } from '../launch.ts'
import { readNetworkConfig } from './config-file.ts'
import { Lifetime } from './lifetime.ts'
import { Networks } from './networks.ts'
import { Sockets } from './sockets.ts'

export interface SuperviseOptions extends ProcessConfig {
  log: (message: string) => void
  onReady: () => void
  /** Resolves when the process shall end, with who asked. */
  stop: Promise<string>
  /** Takes what is to be called when the sockets are to be put back. */
  onHangUp: (putBack: () => void) => void
}

/** Milliseconds between two looks whether anybody is still there. */
const look = 5000
/** Milliseconds for the link of a machine that has stopped to go. */
const goodbye = 1000

/** The life of a project's network process: until no machine is there any more, or it is told to end. */
export async function supervise(options: SuperviseOptions): Promise<string> {
  const { config, control, capture, log } = options
  await takeLock(options)
  const lifetime = new Lifetime(performance.now())
  const networks: Networks = new Networks({ log, lifetime, captures: () => sockets.captures })
  const apply = async () => networks.apply(await readNetworkConfig(config))
  let isEnding = false
  let quit: (reason: string) => void = () => undefined
  const asked = new Promise<string>((resolve) => {
    quit = (reason) => {
      isEnding = true
      resolve(reason)
    }
  })
  const sockets = new Sockets({
    control,
    capture,
    spots: () => networks.spots(),
    handlers: {
      status: async () => ({
        pid: process.pid,
        memory: process.memoryUsage.rss(),
        networks: networks.status(),
      }),
      /** The configuration has changed; `machines` are about to start. A process that is ending says so. */
      reload: async ({ machines }) => {
        await apply()
        lifetime.expect(namesIn(machines), performance.now())
        return { ending: isEnding }
      },
      /** `machines` have stopped; was it the last, the process ends. */
      release: async ({ machines }) => {
        const names = namesIn(machines)
        for (const machine of names) lifetime.settle(machine)
        const deadline = performance.now() + goodbye
        while (networks.isLinked(names) && performance.now() < deadline) await sleep(20)
        const ends = lifetime.isEmpty(networks.linked, performance.now())
        if (ends) quit('the last machine has stopped')
        return { ends }
      },
    },
  })
  await apply()
  await sockets.open()
  options.onHangUp(() => {
    if (!isEnding) putBack(sockets, log)
  })
  const timer = setInterval(() => {
    if (lifetime.isForgotten(networks.linked, performance.now())) quit('no machine is there any more')
  }, look)
  options.onReady()
  const reason = await Promise.race([asked, options.stop])
  isEnding = true
  clearInterval(timer)
  await sockets.close()
  networks.close()
  return reason
}

/** Where that cannot be, whoever asked starts another process in this one's place. */
async function putBack(sockets: Sockets, log: (message: string) => void): Promise<void> {
  try {
    await sockets.open()
    log('the sockets are there again')
  } catch (error) {
    log(`the sockets cannot be put back: ${error instanceof Error ? error.message : error}`)
  }
}

function namesIn(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((name): name is string => typeof name === 'string').slice(0, 1000)
    : []
}

/** The lock ends with the process, however that ends. */
async function takeLock({ lock, control }: ProcessConfig): Promise<void> {
  if (await holdLock(lock, control)) return
  throw new PosadaError('E_LOCKED', 'another process runs the networks of this project already', {
    value: lock,
  })
}
