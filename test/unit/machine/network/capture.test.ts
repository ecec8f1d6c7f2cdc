import { describe, expect, it } from 'vitest'
import { namesIn } from '../../../../src/machine/network/capture.ts'
import { load } from '../../../helpers/manifest.ts'

const manifest = load(`version: 1
networks:
  back: {subnet: 10.40.0.0/24}
  front: {subnet: 10.41.0.0/24}
defaults: {box: posada/tiny}
machines:
  web: {replicas: 2, networks: [front, back]}
  db: {networks: [back]}
  alone: {}
`)

describe('what is captured by names', () => {
  it.each([
    [[], [], []],
    [['back'], ['back'], []],
    [['db', 'front'], ['front'], ['db']],
    [['web'], [], ['web-1', 'web-2']],
    [['*'], [], ['web-1', 'web-2', 'db']],
  ])('%j', async (names, networks, machines) => {
    expect(namesIn(await manifest, names)).toEqual({ networks, machines })
  })

  it.each([
    ['bck', 'E_NETWORK_UNKNOWN', "did you mean 'back'?"],
    ['alone', 'E_USAGE', 'posada network list shows which machines are'],
  ])('%s is %s', async (name, code, hint) => {
    const all = await manifest
    expect(() => namesIn(all, [name])).toThrow(expect.objectContaining({ code, hint }))
  })

  it('a project without networks has nothing to capture', async () => {
    const none = { ...(await manifest), networks: [] }
    expect(() => namesIn(none, [])).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
  })
})
