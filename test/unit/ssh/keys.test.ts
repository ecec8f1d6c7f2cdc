import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureKeyPair, fingerprint, generateKeyPair, publicKeyOf } from '../../../src/ssh/keys.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-keys-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const files = () => ({ key: join(dir, 'id'), publicKey: join(dir, 'id.pub') })
const keygen = (...args: string[]) => spawnSync('ssh-keygen', args).stdout.toString().trim()

test("OpenSSH's own ssh-keygen reads the key, whatever its comment's length", async () => {
  for (const comment of ['', 'a', 'posada web', 'x'.repeat(77)]) {
    const { privateKey, publicKey } = generateKeyPair(comment)
    await writeFile(files().key, privateKey, { mode: 0o600 })
    expect(keygen('-y', '-f', files().key)).toBe(publicKey.trim())
  }
})

test('the fingerprint is the one ssh-keygen shows', async () => {
  await ensureKeyPair(files(), 'c')
  const [, base64] = (await readFile(files().publicKey, 'utf8')).split(' ')
  const shown = keygen('-l', '-f', files().publicKey)
  expect(shown).toContain(fingerprint(Buffer.from(base64 ?? '', 'base64')))
})

describe('ensureKeyPair', () => {
  test('makes it once, the private half for the owner alone', async () => {
    const first = await ensureKeyPair(files(), 'posada web')
    expect((await stat(files().key)).mode & 0o777).toBe(0o600)
    expect(await ensureKeyPair(files(), 'posada web')).toEqual(first)
    expect(await readFile(files().publicKey, 'utf8')).toBe(`${first.publicKey}\n`)
  })

  test('writes the public half again when it was lost', async () => {
    const first = await ensureKeyPair(files(), 'c')
    await rm(files().publicKey)
    await ensureKeyPair(files(), 'c')
    expect(await readFile(files().publicKey, 'utf8')).toBe(`${first.publicKey}\n`)
  })

  test.each([
    '',
    'garbage',
    '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n',
  ])('refuses what is not a key: %j', async (text) => {
    await writeFile(files().key, text)
    await expect(ensureKeyPair(files(), 'c')).rejects.toMatchObject({
      code: 'E_STATE_CORRUPT',
      value: files().key,
    })
  })
})

test('no truncated key is taken for a key', () => {
  const { privateKey } = generateKeyPair('c')
  const [begin, ...rest] = privateKey.trim().split('\n')
  const body = Buffer.from(rest.slice(0, -1).join(''), 'base64')
  for (let length = 0; length < 90; length++) {
    const cut = `${begin}\n${body.subarray(0, length).toString('base64')}\n${rest.at(-1)}\n`
    expect(() => publicKeyOf(cut, 'k')).toThrow(expect.objectContaining({ code: 'E_STATE_CORRUPT' }))
  }
})
