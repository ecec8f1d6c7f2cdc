import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { copyDown, copyUp } from '../../../src/machine/testbed/files.ts'
import { guestHere } from '../../helpers/guest-here.ts'
import { hasSudo, startSshd } from '../../helpers/sshd.ts'

// A real SSH server on this host stands for the guest: some 3 s.

describe.runIf(process.getuid?.() === 0 || hasSudo())('files of a testbed', () => {
  const guest = guestHere('testbed', startSshd)
  const { signal } = new AbortController()

  it('come down and up whole, folders and files, also where tar has ended before the guest reads', async () => {
    const tree = join(guest.base, 'tree')
    mkdirSync(join(tree, 'debian', 'tests'), { recursive: true })
    writeFileSync(join(tree, 'debian', 'tests', 'control'), 'Tests: a\n')
    await copyDown(guest.session, { host: `${tree}/`, guest: `${guest.base}/guest tree/`, signal })
    expect(readFileSync(join(guest.base, 'guest tree', 'debian', 'tests', 'control'), 'utf8')).toBe(
      'Tests: a\n',
    )
    await copyDown(guest.session, {
      host: join(tree, 'debian', 'tests', 'control'),
      guest: `${guest.base}/one`,
      signal,
    })
    expect(readFileSync(join(guest.base, 'one'), 'utf8')).toBe('Tests: a\n')
    mkdirSync(join(guest.base, 'up'))
    await copyUp(guest.session, { guest: `${guest.base}/guest tree/`, host: `${guest.base}/up/`, signal })
    expect(readdirSync(join(guest.base, 'up'), { recursive: true })).toContain('debian/tests/control')
    await copyUp(guest.session, { guest: `${guest.base}/one`, host: `${guest.base}/other`, signal })
    expect(readFileSync(join(guest.base, 'other'), 'utf8')).toBe('Tests: a\n')
  })

  it('lead nowhere outside, and a failure says what the guest says', async () => {
    mkdirSync(join(guest.base, 'guest'))
    symlinkSync('/etc', join(guest.base, 'guest', 'out'))
    await copyUp(guest.session, { guest: `${guest.base}/guest/`, host: `${guest.base}/here/`, signal })
    expect(existsSync(join(guest.base, 'here', 'out'))).toBe(false)
    await expect(
      copyUp(guest.session, { guest: `${guest.base}/none`, host: `${guest.base}/x`, signal }),
    ).rejects.toMatchObject({
      code: 'E_COPY',
      details: [expect.stringContaining('none')],
    })
  })
})
