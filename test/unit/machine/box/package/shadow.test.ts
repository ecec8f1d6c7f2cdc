import { expect, it } from 'vitest'
import { shadowNics } from '../../../../../src/machine/box/package/shadow.ts'
import type { NicSpec } from '../../../../../src/provider/index.ts'

const forward = (hostPort: number) => ({
  protocol: 'tcp' as const,
  hostAddress: '127.0.0.1',
  hostPort,
  guestPort: 22,
})
const outside: NicSpec = {
  kind: 'user',
  mac: '52:54:00:00:00:01',
  forwards: [forward(40_001)],
  isolated: true,
}
const inside: NicSpec = { kind: 'switch', mac: '52:54:00:00:00:02', socket: '/run/posada/0a1b2c3d/net1.sock' }

it('the copy of a machine is on none of its networks, and keeps its way outside with a port of its own', () => {
  expect(shadowNics([outside, inside], [forward(40_002)])).toEqual([
    { ...outside, forwards: [forward(40_002)] },
  ])
  // Without one, its SSH goes over vsock.
  expect(shadowNics([inside], [forward(40_002)])).toEqual([])
})
