import { openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { serveControl } from '../../background/server.ts'
import { PosadaError } from '../../errors/index.ts'
import { tryLock } from '../../lib/flock.ts'
import { sleep } from '../../lib/sleep.ts'
import type { ProcessConfig } from '../launch.ts'
import { readNetworkConfig } from './config-file.ts'
import { Networks } from './networks.ts'
import { Presence } from './presence.ts'
import { Taps } from './taps.ts'

export interface SuperviseOptions extends ProcessConfig {
  log: (message: string) => void
  onReady: () => void
  /** Resolves when the process shall end, with who asked. */
  stop: Promise<string>
}

/** Milliseconds between two looks whether anybody is still there. */
const look = 5000
/** Milliseconds for the link of a machine that has stopped to go. */
const goodbye = 1000

/** The life of a project's network process: until nobody is there any more, or it is told to end. */
export async function supervise({
  config,
  lock,
  control,
  capture,
  log,
  onReady,
  stop,
}: SuperviseOptions): Promise<string> {
  takeLock(lock)
  const presence = new Presence(performance.now())
  let taps: Taps | null = null
  const networks = new Networks({ log, presence, taps: () => taps })
  const apply = async () => networks.apply(await readNetworkConfig(config))
  await apply()
  taps = await Taps.listen(capture, () => networks.spots())
  let quit: (reason: string) => void = () => undefined
  const asked = new Promise<string>((resolve) => {
    quit = resolve
  })
  const server = await serveControl(control, {
    status: async () => ({
      pid: process.pid,
      memory: process.memoryUsage.rss(),
      networks: networks.status(),
    }),
    /** The configuration has changed; `machines` are about to start. */
    reload: async ({ machines }) => {
      await apply()
      presence.expect(namesIn(machines), performance.now())
    },
    /** `machines` have stopped; was it the last, the process ends. */
    release: async ({ machines }) => {
      for (const machine of namesIn(machines)) presence.settle(machine)
      const deadline = performance.now() + goodbye
      while (networks.linked > 0 && performance.now() < deadline) await sleep(20)
      const ends = presence.isDeserted(networks.linked, performance.now())
      if (ends) quit('the last machine has stopped')
      return { ends }
    },
    quit: async () => quit('it was asked to'),
  })
  const timer = setInterval(() => {
    if (presence.isForgotten(networks.linked, performance.now())) quit('no machine is there any more')
  }, look)
  onReady()
  const reason = await Promise.race([asked, stop])
  clearInterval(timer)
  await server.close()
  await taps.close()
  networks.close()
  await Promise.all([control, capture].map((path) => rm(path, { force: true })))
  return reason
}

function namesIn(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((name): name is string => typeof name === 'string').slice(0, 1000)
    : []
}

/** The lock ends with the process, however that ends. */
function takeLock(path: string): void {
  if (tryLock(openSync(path, 'a', 0o600))) return
  throw new PosadaError('E_LOCKED', 'another process runs the networks of this project already', {
    value: path,
  })
}
