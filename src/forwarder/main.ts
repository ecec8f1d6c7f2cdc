import { runCompanion } from '../background/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import type { ForwarderConfig } from './config.ts'
import { runForwarder } from './run.ts'

/** Milliseconds until whoever started it is let go, whether the guest has answered or not. */
const patience = 10_000

/** The process that forwards what listens in one guest. */
await runCompanion<ForwarderConfig>((config, own) => {
  const { hypervisor } = config
  const running = runForwarder(config, own)
  return {
    answers: { ports: async () => ({ hypervisor, ports: running.list() }) },
    ready: Promise.race([running.first, sleep(patience)]),
    ended: running.ended,
  }
})
