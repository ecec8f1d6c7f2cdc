import { runCompanion } from '../background/index.ts'
import type { Settled, SyncConfig } from './config.ts'
import { runSync } from './run.ts'

/** The process that keeps folders of one guest equal with the host's. */
await runCompanion<SyncConfig>((config, own) => {
  const { hypervisor, pairs } = config
  const running = runSync(config, own)
  return {
    answers: {
      folders: async () => ({ hypervisor, pairs, problems: await running.problems() }),
      settle: async ({ to }) => {
        const report = await running.settle(String(to))
        return report === null ? null : ({ ...report, skipped: report.skipped.length } satisfies Settled)
      },
    },
    ended: running.ended,
  }
})
