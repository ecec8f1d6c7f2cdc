import { PosadaError } from '../errors/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import type { Machine } from '../manifest/index.ts'
import { failuresOf, throwFailures } from './failures.ts'
import type { FolderResult, FolderStatus } from './folder-results.ts'
import { notCreated } from './guest/session.ts'
import { hasFolder, withMachineLock } from './machine-lock.ts'
import type { Declared, Locking, Places, Project, Providing } from './project.ts'
import { processors } from './schedule/processors.ts'
import { workTogether } from './schedule/work-together.ts'
import { selectMachines } from './select.ts'
import { syncNow } from './sync/now.ts'
import { syncStatus } from './sync/status.ts'

/**
 * Brings the folders of the host into running machines now: copies those of `type: once` again, and makes those of
 * `type: mirror` equal; those of `type: mount` are mounted where they are not. A failure stops no other machine.
 */
export async function sync(
  project: Project,
  machines: readonly string[],
): Promise<{ name: string; folders: FolderResult[] }[]> {
  const outcomes = await workTogether(project, havingFolders(project, machines), {
    ...processors,
    despiteFailures: true,
    done: () => 'is in sync',
    work: async (config) => ({ name: config.name, folders: await syncMachine(project, config) }),
  })
  project.signal.throwIfAborted()
  throwFailures(failuresOf(outcomes))
  return outcomes.flatMap((outcome) => (outcome.status === 'done' ? [outcome.value] : []))
}

async function syncMachine(
  project: Declared & Places & Providing & Locking,
  config: Machine,
): Promise<FolderResult[]> {
  if (!(await hasFolder(project, config.name))) throw notCreated(config.name)
  return withMachineLock(project, config.name, () =>
    syncNow(project, config, [...config.sync, ...config.mounts]),
  )
}

function havingFolders({ manifest }: Declared, machines: readonly string[]): Machine[] {
  const selected = selectMachines(manifest, machines)
  const having = selected.filter(({ sync, mounts }) => sync.length + mounts.length > 0)
  if (having.length > 0) return having
  const [first] = selected
  const whose = selected.length === 1 ? `${first?.name} has` : 'these machines have'
  throw new PosadaError('E_USAGE', `${whose} no synced folders`, {
    hint: 'give it one: sync: [{from: ., to: /srv/app}]',
  })
}

/** Milliseconds between two looks. */
const pause = 500

/** Tells how folders stand, each time that it changes, until it is aborted: the signal's reason. */
export async function watchSync(
  project: Project,
  machines: readonly string[],
  onChange: (status: FolderStatus) => void,
): Promise<never> {
  const before = new Map<string, string>()
  for (;;) {
    for (const status of await syncStatus(project, machines)) {
      const key = `${status.machine}:${status.to}`
      const { at: _, ...rest } = status
      const now = JSON.stringify(rest)
      if (before.get(key) !== now) onChange(status)
      before.set(key, now)
    }
    await sleep(pause, project.signal)
  }
}
