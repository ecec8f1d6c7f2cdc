import { expect, it } from 'vitest'
import { Refusals } from '../../../../src/network/process/refusals.ts'

it('tells of the first refused frame of a kind, and once a minute of how many there were', () => {
  const lines: string[] = []
  const refusals = new Refusals((line) => lines.push(line))
  for (let now = 0; now < 60_000; now += 10) refusals.note('web', 'mac', now)
  refusals.note('web', 'arp', 0)
  refusals.note('db', 'mac', 0)
  refusals.note('web', 'mac', 60_000)
  expect(lines).toEqual([
    'a frame of web is refused: from a MAC address that is not the sender’s',
    'a frame of web is refused: an ARP answer for another machine’s address',
    'a frame of db is refused: from a MAC address that is not the sender’s',
    'a frame of web is refused: from a MAC address that is not the sender’s, and 5999 before it',
  ])
})
