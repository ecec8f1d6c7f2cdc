import { expect, it } from 'vitest'
import { runKillCampaign } from '../../kills/run-campaign.ts'

// Three kills are part of every run and take half a minute. `npm run test:run-kills` has 200, at other moments each time;
// KILLS and SEED choose. The seed is shown.
const { KILLS, SEED } = process.env
const kills = Number(KILLS ?? '3')
const seed = Number(SEED ?? (KILLS === undefined ? 20_261_128 : Date.now() % 2 ** 31))
const log = KILLS === undefined ? () => undefined : (line: string) => process.stderr.write(`${line}\n`)

it(`throw-away runs that are killed leave nothing (seed ${seed})`, async () => {
  expect(await runKillCampaign({ kills, seed, log })).toEqual([])
}, 86_400_000)
