import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { checkPatterns, fetchArtefacts } from '../../../src/machine/run/artefacts.ts'
import { canStartDropbear, startDropbear } from '../../helpers/dropbear.ts'
import { guestHere } from '../../helpers/guest-here.ts'
import { startSshd } from '../../helpers/sshd.ts'

// Real SSH servers on this host stand for the guest: some 5 s.

const servers = [
  { name: 'OpenSSH', start: startSshd },
  ...(canStartDropbear ? [{ name: 'Dropbear', start: startDropbear }] : []),
]

describe.each(servers)('artefacts from a guest with $name', ({ start }) => {
  const guest = guestHere('artefacts', start)
  let from: string
  let to: string
  beforeEach(() => {
    from = join(guest.base, 'guest', 'work space')
    to = join(guest.base, 'results')
    mkdirSync(join(from, 'out'), { recursive: true })
  })
  const fetch = (...patterns: string[]) =>
    fetchArtefacts(guest.session, { patterns, from, to, signal: new AbortController().signal })

  it('brings many, each to its place, and tells which patterns matched nothing', async () => {
    for (let count = 0; count < 40; count++) writeFileSync(join(from, 'out', `a ${count}.xml`), `${count}`)
    writeFileSync(join(from, 'out', '-rf'), 'x')
    const { paths, missing } = await fetch('out/*.xml', 'none/*', 'out/-rf', 'out/a 7.xml', 'no[ne')
    expect(paths).toHaveLength(41)
    expect(missing).toEqual(['none/*', 'no[ne'])
    expect(readdirSync(join(to, 'out'))).toHaveLength(41)
    expect(readFileSync(join(to, 'out', 'a 39.xml'), 'utf8')).toBe('39')
  })

  it('takes nothing that lies outside, however the guest names it, and nothing that runs code', async () => {
    writeFileSync(join(guest.base, 'guest', 'secret'), 'outside')
    symlinkSync('../../secret', join(from, 'out', 'up'))
    symlinkSync(guest.base, join(from, 'folder'))
    writeFileSync(join(from, 'out', '$(touch hacked)'), 'x')
    writeFileSync(join(from, 'out', 'tool'), 'x')
    chmodSync(join(from, 'out', 'tool'), 0o4755)
    const { missing } = await fetch('out', '$(touch hacked)', '`touch hacked`', '; touch hacked')
    expect(missing).toEqual(['$(touch hacked)', '`touch hacked`', '; touch hacked'])
    expect(readdirSync(from)).not.toContain('hacked')
    expect(existsSync(join(to, 'out', 'up'))).toBe(false)
    expect(readdirSync(join(to, 'out')).sort()).toEqual(['$(touch hacked)', 'tool'])
  })
})

it.each(['/etc/passwd', '../x', 'a/../../x', '..', ''])('%j leads out of the workspace', (pattern) => {
  expect(() => checkPatterns([pattern])).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
})
