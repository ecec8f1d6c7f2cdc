import { expect, it } from 'vitest'
import { sshTarget } from '../../../../src/machine/guest/target.ts'
import type { PortForward, Provider } from '../../../../src/provider/index.ts'
import { aState, somePaths } from '../../../helpers/model.ts'

const provider = { localSocket: () => '/run/vsock.sock', capabilities: () => ({}) } as unknown as Provider
const web: PortForward = { protocol: 'tcp', hostAddress: '0.0.0.0', hostPort: 8080, guestPort: 80 }
const ssh: PortForward = { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 40_022, guestPort: 22 }

function endpoint(forwards: PortForward[] | null) {
  const state = aState()
  const nics = forwards === null ? [] : [{ kind: 'user' as const, mac: '52:54:00:00:00:01', forwards }]
  const { host, port, vsock } = sshTarget(provider, { ...state, spec: { ...state.spec, nics } }, somePaths())
  return { host, port, vsock }
}

it('is the forward that is named for it, wherever it stands', () => {
  const named: PortForward = { ...ssh, name: 'ssh' }
  const other: PortForward = { ...ssh, hostPort: 2222 }
  for (const forwards of [
    [named, web],
    [web, named],
    [other, web, named],
  ])
    expect(endpoint(forwards)).toMatchObject({ host: '127.0.0.1', port: 40_022 })
})

it('is the first of a machine that was started before forwards had names', () => {
  expect(endpoint([ssh, web])).toMatchObject({ port: 40_022 })
})

it('is vsock for a machine without a network', () => {
  expect(endpoint(null)).toEqual({ host: 'vsock', port: 22, vsock: '/run/vsock.sock' })
})
