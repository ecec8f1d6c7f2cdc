import { expect, it } from 'vitest'
import { parseRoutes } from '../../../../src/machine/network/clashes.ts'
import { networksMeant, withChange } from '../../../../src/machine/network/conditions.ts'
import { load } from '../../../helpers/manifest.ts'

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

const manifest = load(`version: 1
networks: {back: {}, front: {}}
defaults: {box: posada/tiny}
machines:
  web: {networks: [front, back]}
  db: {networks: [back]}
  cache: {networks: [front, back]}
  alone: {}
`)
const change = { machines: [], network: null, set: { loss: 0.1 }, reset: false }

it.each([
  ['the network that is named', { network: 'front' }, ['front']],
  ['those that both machines are on', { machines: ['web', 'cache'] }, ['back', 'front']],
  ['the one that both are on', { machines: ['web', 'db'] }, ['back']],
  ['all, to be as in the manifest', { set: {}, reset: true }, ['back', 'front']],
])('%s', async (_, options, names) => {
  expect(networksMeant(await manifest, { ...change, ...options })).toEqual(names)
})

it.each([
  ['one of several', {}, 'E_USAGE', 'say which: --network back'],
  ['one of several, reset first', { reset: true }, 'E_USAGE', 'say which: --network back'],
  ['no machine', { machines: ['web', 'bd'] }, 'E_MACHINE_UNKNOWN', 'posada network list shows them'],
  ['one machine', { machines: ['web'] }, 'E_USAGE', 'name two machines, or none'],
  ['machines apart', { machines: ['web', 'alone'] }, 'E_USAGE', 'say which: --network back'],
  ['no network', { network: 'bck' }, 'E_NETWORK_UNKNOWN', "did you mean 'back'?"],
])('%s is not enough', async (_, options, code, hint) => {
  const all = await manifest
  expect(() => networksMeant(all, { ...change, ...options })).toThrow(expect.objectContaining({ code, hint }))
})
