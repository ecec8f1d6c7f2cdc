import type { Handlers } from '../background/index.ts'
import type { Settled, SyncConfig, Syncing } from './config.ts'
import type { RunningSync } from './run.ts'

/** What `settle` is answered. An answer is an object: of none, `{}`, no one could tell that it is none. */
export interface SettleAnswer {
  /** Null where the folder could not be made equal. */
  report: Settled | null
}

/** What the process answers on its control socket. */
export function syncAnswers({ hypervisor, pairs }: SyncConfig, running: RunningSync): Handlers {
  return {
    folders: async () => ({ hypervisor, pairs, problems: await running.problems() }) satisfies Syncing,
    settle: async ({ to }) => {
      const report = await running.settle(String(to))
      const settled = report === null ? null : { ...report, skipped: report.skipped.length }
      return { report: settled } satisfies SettleAnswer
    },
  }
}
