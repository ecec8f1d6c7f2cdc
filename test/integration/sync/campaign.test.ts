import { expect, it } from 'vitest'
import { syncCampaign } from '../../kills/sync-campaign.ts'

// Some hundred edits are part of every run. `npm run test:sync` has 10,000 and 100 kills; EDITS, KILLS and SEED choose.
const { EDITS, KILLS, SEED } = process.env
const edits = Number(EDITS ?? '600')
const kills = Number(KILLS ?? '8')
const seed = Number(SEED ?? (EDITS === undefined ? 20_261_128 : Date.now() % 2 ** 31))
const log = EDITS === undefined ? () => undefined : (line: string) => process.stderr.write(`${line}\n`)

it.each(['dash', 'bare', 'busybox'] as const)(
  `no version is lost and both sides are equal in the end, with %s in the guest (seed ${seed})`,
  async (shell) => {
    const share = { edits: Math.ceil(edits / 6) * 2, kills: Math.ceil(kills / 3) }
    expect(await syncCampaign({ ...share, seed, shell, log })).toEqual([])
  },
  86_400_000,
)
