import { spawnSync } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { insecureKeys } from '../../../src/box/vagrant/insecure-keys.ts'
import { hostnameScript } from '../../../src/ssh/first-login.ts'
import { connect, ensureKeyPair, publicKeyOf, replaceKey } from '../../../src/ssh/index.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// The whole file takes some 3 s.

let server: TestServer
beforeEach(async () => {
  server = await startSshd()
})
afterEach(() => server?.stop())

async function replace(...more: string[]) {
  const boxKey = server.target.keyFile
  const target = { ...server.target, keyFile: join(server.dir, 'own') }
  const own = await ensureKeyPair({ key: target.keyFile, publicKey: `${target.keyFile}.pub` }, 'posada web')
  const oldPublicKeys = [publicKeyOf(await readFile(boxKey, 'utf8'), boxKey), ...more]
  const session = await connect(target, { boxKeyFiles: [boxKey] })
  try {
    await replaceKey(session, { newPublicKey: own.publicKey, oldPublicKeys })
  } finally {
    await session.close()
  }
  return { own, target, used: session.keyFile }
}

test("the machine's key takes the place of the box's, other keys stay", async () => {
  const others = `# a comment\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOther other@host\n`
  await writeFile(server.authorizedKeys, others + (await readFile(server.authorizedKeys, 'utf8')))
  const { own, target, used } = await replace()
  expect(used).toBe(server.target.keyFile)
  expect(await readFile(server.authorizedKeys, 'utf8')).toBe(`${others}${own.publicKey}\n`)
  expect((await stat(server.authorizedKeys)).mode & 0o777).toBe(0o600)
  await expect(connect(server.target)).rejects.toMatchObject({ code: 'E_SSH_AUTH' })
  await (await connect(target)).close()
})

test('of several keys that a box may have all are taken out', async () => {
  const { rsa, ed25519 } = insecureKeys
  const known = [publicKeyOf(rsa, 'rsa'), publicKeyOf(ed25519, 'ed25519')]
  await writeFile(
    server.authorizedKeys,
    `${known.join(' vagrant\n')} vagrant\n${await readFile(server.authorizedKeys, 'utf8')}`,
  )
  const { own } = await replace(...known)
  expect(await readFile(server.authorizedKeys, 'utf8')).toBe(`${own.publicKey}\n`)
})

test('doing it again changes nothing', async () => {
  const first = await replace()
  const { ino } = await stat(server.authorizedKeys)
  const again = await replace()
  expect(again.used).toBe(first.target.keyFile)
  expect((await stat(server.authorizedKeys)).ino).toBe(ino)
  expect(await readdir(join(server.home, '.ssh'))).toEqual(['authorized_keys'])
})

test('a leftover of an attempt that was cut short does not matter', async () => {
  await writeFile(join(server.home, '.ssh', '.authorized_keys.posada'), 'half a li')
  const { own } = await replace()
  expect(await readFile(server.authorizedKeys, 'utf8')).toBe(`${own.publicKey}\n`)
  expect(await readdir(join(server.home, '.ssh'))).toEqual(['authorized_keys'])
})

const namespaces = spawnSync('unshare', ['-mu', 'true']).status === 0

test.runIf(namespaces)('the guest gets its name, once', () => {
  const script = `mount -t tmpfs tmpfs /mnt && printf '127.0.0.1\\tlocalhost\\n127.0.1.1\\told old.local\\n::1 localhost\\n' > /mnt/hosts
mount --bind /mnt /etc || exit 9
${hostnameScript('web-1')}
touch -d @1000 /etc/hosts /etc/hostname
${hostnameScript('web-1')}
cat /etc/hosts; cat /etc/hostname; hostname; stat -c %Y:%a /etc/hosts /etc/hostname; ls -A /etc`
  const result = spawnSync('unshare', ['-mu', '/bin/sh', '-c', script])
  expect(result.stderr.toString()).toBe('')
  expect(result.stdout.toString()).toBe(
    '127.0.0.1\tlocalhost\n::1 localhost\n127.0.1.1 web-1\nweb-1\nweb-1\n1000:644\n1000:644\nhostname\nhosts\n',
  )
})
