import { expect, it } from 'vitest'
import { parseChallenge } from '../../../../src/box/oci/challenge.ts'

const docker =
  'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'
const token = { scheme: 'bearer', realm: 'https://a.example/t', service: null, scope: null }

it.each([
  ['Basic realm="x"', { scheme: 'basic' }],
  ['basic', { scheme: 'basic' }],
  [
    docker,
    {
      scheme: 'bearer',
      realm: 'https://auth.docker.io/token',
      service: 'registry.docker.io',
      scope: 'repository:a/b:pull,push',
    },
  ],
  ['bearer realm=https://a.example/t', token],
  ['Basic realm="a", Bearer realm="https://a.example/t"', token],
  ['Bearer realm="nowhere"', null],
  ['Negotiate', null],
  ['', null],
])('%s', (header, expected) => {
  expect(parseChallenge(header)).toEqual(expected)
})

it('takes its time in proportion to the header', () => {
  expect(parseChallenge(`Bearer ${'a="'.repeat(1_000_000)}`)).toBeNull()
})
