import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePlace } from '../helpers/posada.ts'

const place = makePlace('shop')
afterAll(place.remove)
beforeAll(() =>
  writeFileSync(
    join(place.dir, 'posada.yaml'),
    'version: 1\nnetworks: {back: {subnet: 10.40.0.0/24}}\nmachines: {web: {box: debian/12, networks: [back]}}\n',
  ),
)

describe('what networks are asked for and cannot do', () => {
  it.each([
    [
      'network capture -w x.pcapng',
      1,
      'E_NOT_RUNNING',
      'no running machine of the project is on a private network',
    ],
    ['network capture wbe -w x.pcapng', 2, 'E_NETWORK_UNKNOWN', "did you mean 'web'?"],
    ['network capture --json', 2, 'E_USAGE', '--write FILE'],
    ['network capture --duration 5', 2, 'E_USAGE', 'has no unit'],
    ['network conditions --latency 2m', 2, 'E_USAGE', 'at most 1m'],
    ['proxy', 1, 'E_NOT_CREATED', 'posada up creates them'],
    ['network conditions --network bck', 2, 'E_NETWORK_UNKNOWN', "did you mean 'back'?"],
    ['network conditions web bd', 2, 'E_MACHINE_UNKNOWN', 'posada network list shows them'],
    ['network conditions --latency 5', 2, 'E_USAGE', 'did you mean 5ms?'],
  ])('%s', async (line, code, name, words) => {
    const ended = await place.run(...line.split(' '))
    expect(ended.code).toBe(code)
    const said = ended.stdout + ended.stderr
    expect(said).toContain(name)
    expect(said).toContain(words)
  })
})
