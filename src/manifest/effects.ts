import type { Machine } from './model.ts'

/** When a changed setting of the manifest reaches a machine that exists: in short, and as a sentence goes on. Markdown. */
export const effectTexts = {
  start: { short: 'next start', long: 'with the next start of the machine (`posada reload`)' },
  remake: { short: 'new machine', long: 'only in a new machine (`posada destroy`, then `posada up`)' },
  up: { short: 'next `up`', long: 'with the next `posada up`, without a restart' },
  use: { short: 'next use', long: 'with the next command that uses it' },
  rename: {
    short: 'other machine',
    long: 'by naming another machine; the one that was made stays until `posada destroy`',
  },
} as const

export type Effect = keyof typeof effectTexts

export interface Setting {
  /** As it is written in the manifest. */
  key: string
  effect: Effect
  /** The part of the key's value that it is; absent: all of it. Markdown. */
  part?: string
}

/** Every setting of a machine, and what a change of it means. Null: it is no setting. */
export const settings = {
  name: { key: 'machines', effect: 'rename' },
  group: { key: 'replicas', effect: 'rename' },
  box: { key: 'box', effect: 'remake' },
  boxTerms: { key: 'box', effect: 'remake' },
  provider: { key: 'provider', effect: 'start' },
  providers: { key: 'providers', effect: 'start' },
  arch: { key: 'arch', effect: 'remake' },
  cpus: { key: 'cpus', effect: 'start' },
  memory: { key: 'memory', effect: 'start' },
  disk: { key: 'disk', effect: 'start' },
  nested: { key: 'nested', effect: 'start' },
  dependsOn: { key: 'depends_on', effect: 'use' },
  networks: { key: 'networks', effect: 'start' },
  ports: { key: 'ports', effect: 'start' },
  hostAccess: { key: 'host_access', effect: 'start' },
  autoPorts: { key: 'ports', effect: 'up', part: '`auto`' },
  env: { key: 'env', effect: 'use' },
  provision: { key: 'provision', effect: 'up' },
  ready: { key: 'ready', effect: 'up' },
  cloudInit: { key: 'cloud_init', effect: 'remake' },
  bootTimeout: { key: 'boot_timeout', effect: 'use' },
  haltTimeout: { key: 'halt_timeout', effect: 'use' },
  place: null,
} as const satisfies Record<keyof Machine, Setting | null>

/** Settings whose change a machine that was made does not have at once: it has to be compared with what was recorded. */
export type Kept = {
  [K in keyof typeof settings]: (typeof settings)[K] extends { effect: 'start' | 'remake' } ? K : never
}[keyof typeof settings]

/** When a change of a key of a machine takes effect, for the reference: `next start; \`auto\`: next \`up\``. */
export function effectOf(key: string): string {
  const parts = Object.values<Setting | null>(settings).flatMap((setting) => {
    if (setting?.key !== key) return []
    const { short } = effectTexts[setting.effect]
    return setting.part === undefined ? short : `${setting.part}: ${short}`
  })
  return [...new Set(parts)].join('; ')
}

/** What the words of `effectOf` mean, as items of a list. Markdown. */
export function effectLegend(): string {
  return Object.values(effectTexts)
    .map(({ short, long }) => `- *${short}*: ${long}`)
    .join('\n')
}
