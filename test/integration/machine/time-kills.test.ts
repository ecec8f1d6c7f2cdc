import { expect, it } from 'vitest'
import { timeKillCampaign } from '../../kills/time-campaign.ts'

// Four kills are part of every run and take half a minute. `npm run test:time-kills` has 300, at other moments each time;
// KILLS and SEED choose. The seed is shown.
const { KILLS, SEED } = process.env
const kills = Number(KILLS ?? '4')
const seed = Number(SEED ?? (KILLS === undefined ? 20_261_128 : Date.now() % 2 ** 31))
const log = KILLS === undefined ? () => undefined : (line: string) => process.stderr.write(`${line}\n`)

it(`saving, suspending and restoring that is killed costs nothing (seed ${seed})`, async () => {
  expect(await timeKillCampaign({ kills, seed, log })).toEqual([])
}, 86_400_000)
