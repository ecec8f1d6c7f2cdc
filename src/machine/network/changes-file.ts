import type { Conditions } from '../../lib/values/link-conditions.ts'
import { readConditions } from '../../network/index.ts'
import { readJsonFile, writeJsonFile } from '../../project/index.ts'

/** Conditions that were changed since the manifest was read: what `posada network conditions` has set. */
export interface Changes {
  version: 1
  networks: Record<
    string,
    { conditions: Conditions; pairs: { between: [string, string]; conditions: Conditions }[] }
  >
}

const hint = 'remove the file; the conditions are then those of the manifest'

export async function readChanges(path: string): Promise<Changes> {
  const value = await readJsonFile(path, 1, hint)
  const networks =
    value === null || typeof value.networks !== 'object' || value.networks === null ? {} : value.networks
  return {
    version: 1,
    networks: Object.fromEntries(Object.entries(networks).map(([name, each]) => [name, readOne(each)])),
  }
}

export async function writeChanges(path: string, changes: Changes): Promise<void> {
  await writeJsonFile(path, changes)
}

function readOne(value: unknown): Changes['networks'][string] {
  const { conditions, pairs } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >
  const read = (Array.isArray(pairs) ? pairs : []).flatMap(
    (pair: { between?: unknown; conditions?: unknown }) => {
      const between = Array.isArray(pair.between) ? pair.between : []
      const [a, b] = between
      return typeof a === 'string' && typeof b === 'string'
        ? [{ between: [a, b] as [string, string], conditions: readConditions(pair.conditions) }]
        : []
    },
  )
  return { conditions: readConditions(conditions), pairs: read }
}
