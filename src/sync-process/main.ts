import { runCompanion } from '../background/index.ts'
import { syncAnswers } from './answers.ts'
import type { SyncConfig } from './config.ts'
import { runSync } from './run.ts'

/** The process that keeps folders of one guest equal with the host's. */
await runCompanion<SyncConfig>((config, own) => {
  const running = runSync(config, own)
  return { answers: syncAnswers(config, running), ended: running.ended }
})
