import { expect, it } from 'vitest'
import { parseRoutes } from '../../../../src/machine/networks/clashes.ts'
import { withChange } from '../../../../src/machine/networks/conditions.ts'

const none = { version: 1 as const, networks: {} }

it('changes are laid over those before, for a pair in whichever order it is named', () => {
  const one = withChange(none, 'back', { machines: ['web', 'db'], set: { latency: 40 }, reset: false })
  const two = withChange(one, 'back', { machines: ['db', 'web'], set: { cut: true }, reset: false })
  expect(two.networks.back).toEqual({
    conditions: {},
    pairs: [{ between: ['db', 'web'], conditions: { latency: 40, cut: true } }],
  })
  const all = withChange(two, 'back', { machines: [], set: { loss: 0.1 }, reset: false })
  expect(all.networks.back).toMatchObject({ conditions: { loss: 0.1 }, pairs: [{}] })
})

it('a reset takes a pair’s changes away, or all of the network', () => {
  const one = withChange(none, 'back', { machines: ['web', 'db'], set: { latency: 40 }, reset: false })
  expect(
    withChange(one, 'back', { machines: ['web', 'db'], set: {}, reset: true }).networks.back?.pairs,
  ).toEqual([])
  expect(withChange(one, 'back', { machines: [], set: {}, reset: true }).networks.back).toEqual({
    conditions: {},
    pairs: [],
  })
})

it('the host’s routes are read, the default one left out', () => {
  const table = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
nonsense
`
  expect(parseRoutes(table)).toEqual([{ device: 'eth0', base: 0xc0000200, prefix: 24 }])
})
