import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { generateKeyPair } from '../../../src/ssh/keys.ts'
import { readHostKey, recordHostKey } from '../../../src/ssh/known-hosts.ts'

let dir: string
let file: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-hosts-'))
  file = join(dir, 'known_hosts')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const blob = Buffer.from(generateKeyPair('').publicKey.split(' ')[1] ?? '', 'base64')

test('nothing is known before the first contact; then the key, under its alias only', async () => {
  expect(await readHostKey(file, 'web')).toBeNull()
  await recordHostKey(file, 'web', blob)
  expect(await readHostKey(file, 'web')).toEqual({ type: 'ssh-ed25519', blob })
  expect(await readHostKey(file, 'db')).toBeNull()
})

test('ssh-keygen finds it too', async () => {
  await recordHostKey(file, 'web', blob)
  expect(spawnSync('ssh-keygen', ['-F', 'web', '-f', file]).stdout.toString()).toContain(
    blob.toString('base64'),
  )
})

test.each([
  'web',
  'web ssh-ed25519',
  'web ssh-ed25519 AAAA',
  `web ssh-rsa ${blob.toString('base64')}`,
  '\0\0',
])('a file that is none is refused: %j', async (text) => {
  await writeFile(file, `${text}\n`)
  await expect(readHostKey(file, 'web')).rejects.toMatchObject({ code: 'E_STATE_CORRUPT', value: file })
})
