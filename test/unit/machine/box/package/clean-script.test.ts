import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { cleanScript } from '../../../../../src/machine/box/package/clean-script.ts'

const ownKey = `ssh-ed25519 ${'A'.repeat(68)} posada web`
const boxKey = `ssh-ed25519 ${'B'.repeat(68)} debian/12`

describe('cleanScript', () => {
  it.each([
    ['a box with a key', boxKey],
    ['a seeded box', null],
  ])('is a script for every shell, for %s', (_, key) => {
    const script = cleanScript({ ownKey, boxKey: key })
    for (const shell of [['dash'], ['bash', '--posix'], ['busybox', 'sh']])
      execFileSync(shell[0] ?? '', [...shell.slice(1), '-n'], { input: script })
  })

  it('takes the machine’s key out, and puts the box’s in where there is one', () => {
    expect(cleanScript({ ownKey, boxKey })).toContain(
      `printf '%s\\n' 'ssh-ed25519 ${'B'.repeat(68)} debian/12'`,
    )
    const seeded = cleanScript({ ownKey, boxKey: null })
    expect(seeded).not.toContain('printf')
    expect(seeded).toContain(`grep -vF ${'A'.repeat(68)}`)
    expect(seeded).not.toContain('posada-host-keys')
  })

  it('takes lists of packages away from a box, and leaves them in a layer, whose next step may need them', () => {
    const lists = '/var/lib/apt/lists'
    expect(cleanScript({ ownKey, boxKey })).toContain(lists)
    const layer = cleanScript({ ownKey, boxKey, keepsCaches: true })
    expect(layer).not.toContain(lists)
    expect(layer).toContain('rm -rf /var/log/journal/*')
  })

  it('is not made of something that is not a key', () => {
    expect(() => cleanScript({ ownKey: "x '; reboot; '", boxKey })).toThrow('not a public key')
  })
})
