import { expect, it } from 'vitest'
import { killCampaign } from '../../kills/campaign.ts'

// Ten kills are part of every run and take two minutes. `npm run test:kills` has 300, box builds among them, at other
// moments each time; KILLS and SEED choose. The seed is shown.
const { KILLS, SEED } = process.env
const kills = Number(KILLS ?? '10')
const seed = Number(SEED ?? (KILLS === undefined ? 20_261_122 : Date.now() % 2 ** 31))
const log = KILLS === undefined ? () => undefined : (line: string) => process.stderr.write(`${line}\n`)

it(`commands that are killed leave nothing that the next does not take (seed ${seed})`, async () => {
  expect(await killCampaign({ kills, seed, builds: KILLS !== undefined, log })).toEqual([])
}, 86_400_000)
