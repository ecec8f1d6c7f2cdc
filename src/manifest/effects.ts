import { type Effect, type Setting, settings } from './model.ts'

/** When a changed setting of the manifest reaches a machine that exists: in short, and as a sentence goes on. Markdown. */
const effectTexts = {
  start: { short: 'next start', long: 'with the next start of the machine (`posada reload`)' },
  remake: { short: 'new machine', long: 'only in a new machine (`posada destroy`, then `posada up`)' },
  up: { short: 'next `up`', long: 'with the next `posada up`, without a restart' },
  use: { short: 'next use', long: 'with the next command that uses it' },
  rename: {
    short: 'other machine',
    long: 'by naming another machine; the one that was made stays until `posada destroy`',
  },
} as const satisfies Record<Effect, { short: string; long: string }>

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
