import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kvmAccessError } from '../../../../../providers/kvm/vm/kvm-device.ts'
import { openKvm } from '../../../../../providers/kvm/vm/open-kvm.ts'

let folder: string
let device: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posada-kvm-device-'))
  device = join(folder, 'kvm')
  writeFileSync(device, '')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A group that is not root's and that this process may give a file to. */
function someGroup(): { gid: number; name: string } {
  const gid = process.getuid?.() === 0 ? 1 : statSync(device).gid
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((one) => one.split(':')[2] === String(gid))
  return { gid, name: line?.split(':')[0] ?? String(gid) }
}

describe('a KVM that cannot be used', () => {
  it('is missing', () => {
    expect(() => openKvm(join(folder, 'none'))).toThrow(
      expect.objectContaining({
        code: 'E_KVM_MISSING',
        value: join(folder, 'none'),
        hint: expect.stringContaining('or use provider: qemu'),
      }),
    )
  })

  it('belongs to a group that the user is not in: names it and says how to join', () => {
    const { gid, name } = someGroup()
    chownSync(device, process.getuid?.() ?? 0, gid)
    chmodSync(device, 0o660)
    expect(kvmAccessError(device, 'EACCES', new Error('no'))).toMatchObject({
      code: 'E_KVM_PERMISSION',
      message: expect.stringContaining(`the group ${name}`),
      hint: expect.stringContaining(`usermod -aG ${name} `),
    })
  })

  it.skipIf(process.getuid?.() !== 0)('belongs to root alone: no hint to join that group', () => {
    chmodSync(device, 0o600)
    const error = kvmAccessError(device, 'EPERM', new Error('no'))
    expect(error.code).toBe('E_KVM_PERMISSION')
    expect(error.hint).toContain(`chgrp kvm ${device}`)
    expect(error.hint).not.toContain('-aG root')
  })

  it('is something else', () => {
    expect(() => openKvm(device)).toThrow(
      expect.objectContaining({
        code: 'E_KVM_UNUSABLE',
        message: expect.stringContaining('KVM_GET_API_VERSION failed: ENOTTY'),
      }),
    )
    expect(kvmAccessError(device, 'EBUSY', new Error('no'))).toMatchObject({ code: 'E_KVM_UNUSABLE' })
  })
})
