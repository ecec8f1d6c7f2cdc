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
  // Several lines come as one list.
  ['Negotiate, Bearer realm="https://a.example/t", Basic realm="b"', token],
  ['Negotiate YII=, Digest realm="d, Bearer realm=x", nonce="n", Bearer realm="https://a.example/t"', token],
  [
    'Basic realm="a", charset="UTF-8", Bearer scope="s:t:pull", realm = "https://a.example/t"',
    { ...token, scope: 's:t:pull' },
  ],
  ['Bearer realm="nowhere", Bearer realm="https://a.example/t"', token],
  ['Bearer realm="https://a.example/t",service="a \\"b\\" c"', { ...token, service: 'a "b" c' }],
  ['Digest realm="x", Basic', { scheme: 'basic' }],
  ['Digest realm="Basic"', null],
  ['Bearer realm="nowhere"', null],
  ['Negotiate', null],
  ['', null],
])('%s', (header, expected) => {
  expect(parseChallenge(header)).toEqual(expected)
})

it('takes its time in proportion to the header', () => {
  for (const part of ['a="', '",', 'a,', '" ', 'a =', '\\"', ' '])
    expect(parseChallenge(`Bearer ${part.repeat(1_000_000)}`)).toBeNull()
})
