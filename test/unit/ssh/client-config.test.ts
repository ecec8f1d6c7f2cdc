import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { clientConfig } from '../../../src/ssh/client-config.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-config-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const target = (folder: string, hostAlias = 'web') => ({
  host: '127.0.0.1',
  port: 2222,
  user: 'posada',
  keyFile: `${folder}/id_ed25519`,
  knownHostsFile: `${folder}/known_hosts`,
  hostAlias,
})

const none = () => []

async function settings(text: string, host: string): Promise<string> {
  await writeFile(join(dir, 'config'), text)
  const result = spawnSync('ssh', ['-T', '-G', '-F', join(dir, 'config'), host])
  expect(result.stderr.toString()).toBe('')
  return result.stdout.toString()
}

test.each(['/plain', '/with space/ä', "/it's", '/100%h', '/quo"te', '/back\\slash'])(
  'OpenSSH reads what was meant: %s',
  async (folder) => {
    const shown = await settings(clientConfig([target('/other', 'db'), target(folder)], none), 'web')
    expect(shown).toMatch(/^hostname 127\.0\.0\.1$/m)
    expect(shown).toMatch(/^port 2222$/m)
    expect(shown).toMatch(/^user posada$/m)
    expect(shown).toMatch(/^hostkeyalias web$/m)
    expect(shown).toMatch(/^identitiesonly yes$/m)
    expect(shown).toMatch(/^stricthostkeychecking true$/m)
    expect(shown).toMatch(/^kexalgorithms ecdh-sha2-nistp256,/m)
    expect(shown).toMatch(/^ciphers aes128-gcm@openssh\.com,/m)

    expect(shown).toContain(`\nidentityfile ${folder.replaceAll('%', '%%')}/id_ed25519\n`)
    expect(shown).toContain(`${folder}/known_hosts`)
  },
)

test.each(['/line\nend', '/var ${HOME}'])('a path that cannot be written is refused: %j', (folder) => {
  expect(() => clientConfig([target(folder)], none)).toThrow(
    expect.objectContaining({ code: 'E_VALUE_INVALID' }),
  )
})

test.each(['web', 'web.shop.internal', '10.40.0.2', 'fd00::2'])('a machine is found as %s', async (name) => {
  const named = { ...target('/p'), names: ['web.shop.internal', '10.40.0.2', 'fd00::2'] }
  const shown = await settings(clientConfig([target('/p', 'db'), named], none), name)
  expect(shown).toMatch(/^hostkeyalias web$/m)
  expect(shown).toMatch(/^port 2222$/m)
})

test('one block a machine', () => {
  expect(clientConfig([target('/p', 'db'), target('/p q', 'web')], none)).toMatchSnapshot()
})

test.each(['/plain/node', '/with space/ä', "/it's", '/100%h', '/$HOME', '/quo"te'])(
  'a machine without a port is reached through a program: %s',
  async (program) => {
    const config = clientConfig([{ ...target('/p'), host: 'vsock', vsock: '/run/v' }], (alias) => [
      program,
      'a b',
      alias,
    ])
    const shown = await settings(config, 'web')
    const command = /^proxycommand (.*)$/m.exec(shown)?.[1]
    // What a shell makes of it, once ssh has taken its own tokens out (ssh_config(5), TOKENS).
    const script = `printf '%s\\n' ${(command ?? '').replaceAll('%%', '%')}`
    expect(spawnSync('/bin/sh', ['-c', script]).stdout.toString().split('\n')).toEqual([
      program,
      'a b',
      'web',
      '',
    ])
  },
)
