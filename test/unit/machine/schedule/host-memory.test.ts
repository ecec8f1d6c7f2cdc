import { describe, expect, it } from 'vitest'
import { groupRoom, hostMemory, parseMeminfo } from '../../../../src/machine/schedule/host-memory.ts'

const meminfo = `MemTotal:       16000000 kB
MemFree:          500000 kB
MemAvailable:    8000000 kB
SwapTotal:       2000000 kB
SwapFree:        1000000 kB
`

describe('parseMeminfo', () => {
  it('counts free swap as available', () => {
    expect(parseMeminfo(meminfo)).toEqual({ total: 16_000_000 * 1024, available: 9_000_000 * 1024 })
  })

  it('does without swap, and without what it needs gives nothing', () => {
    expect(parseMeminfo(meminfo.replace(/Swap.*\n/g, ''))?.available).toBe(8_000_000 * 1024)
    expect(parseMeminfo(meminfo.replace(/MemAvailable.*\n/, ''))).toBeNull()
    expect(parseMeminfo('')).toBeNull()
  })
})

describe('groupRoom', () => {
  it('is the limit less what is used, cache given back', () => {
    const stat = 'anon 100\ninactive_file 300\nfile 500\n'
    expect(groupRoom({ max: '1000\n', current: '900\n', stat })).toBe(400)
    expect(groupRoom({ max: '1000\n', current: '1200\n', stat: null })).toBe(0)
  })

  it('is nothing where the group has no limit or does not exist', () => {
    expect(groupRoom({ max: 'max\n', current: '900\n', stat: '' })).toBeNull()
    expect(groupRoom({ max: null, current: null, stat: null })).toBeNull()
  })
})

describe.runIf(process.platform === 'linux')('of this host', () => {
  it('is there, and no more than all of it with its swap', async () => {
    const memory = await hostMemory()
    expect(memory?.total).toBeGreaterThan(2 ** 26)
    expect(memory?.available).toBeGreaterThan(0)
  })
})
