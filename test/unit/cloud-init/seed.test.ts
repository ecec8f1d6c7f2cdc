import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type Seed, seedFiles, seedImage } from '../../../src/cloud-init/seed.ts'

const seed: Seed = {
  instanceId: '6f1f5a52-93a1-4c55-9a53-0d6b1c3d0a1b',
  hostname: 'web',
  user: 'debian',
  publicKey: 'ssh-ed25519 AAAA posada web',
  nics: [{ mac: '52:54:00:12:34:56' }, { mac: '52:54:00:12:34:57' }],
  userData: '#!/bin/sh\necho "ü" > /etc/hello\n',
}
const text = (name: string, changes: Partial<Seed> = {}) =>
  seedFiles({ ...seed, ...changes })
    .get(name)
    ?.toString() ?? ''
const yaml = (name: string) => parse(text(name), { version: '1.1' })

describe('a NoCloud seed', () => {
  it('says who the machine is and whose key lets in', () => {
    expect(yaml('meta-data')).toEqual({
      'instance-id': seed.instanceId,
      'local-hostname': 'web',
      'public-keys': [seed.publicKey],
    })
  })

  it('asks for addresses by DHCP, waits for the first alone, and takes no address for a number', () => {
    expect(yaml('network-config')).toEqual({
      version: 2,
      ethernets: {
        eth0: { match: { macaddress: '52:54:00:12:34:56' }, 'set-name': 'eth0', dhcp4: true },
        eth1: { match: { macaddress: '52:54:00:12:34:57' }, 'set-name': 'eth1', dhcp4: true, optional: true },
      },
    })
  })

  it("hands the user's own data on as it is, and its own beside it", () => {
    expect(text('user-data')).toBe(seed.userData)
    expect(text('user-data', { userData: null })).toMatch(/^#cloud-config\n/)
    expect(text('vendor-data')).toMatch(/^#cloud-config\n/)
    expect(yaml('vendor-data').user).toMatchObject({ name: 'debian', sudo: 'ALL=(ALL) NOPASSWD:ALL' })
  })

  it('holds none of it in a form that another parser reads otherwise', () => {
    expect(text('meta-data', { hostname: 'web', publicKey: 'ssh-ed25519 AAAA ü😀\u0085' })).toMatch(
      /"ssh-ed25519 AAAA \\u00fc\\U0001f600\\u0085"/,
    )
  })

  it('is a volume that cloud-init finds by its label', () => {
    const image = seedImage(seed, new Date(0))
    expect(image.toString('latin1', 16 * 2048 + 40, 16 * 2048 + 46)).toBe('cidata')
    expect(image.length % 512).toBe(0)
  })
})
