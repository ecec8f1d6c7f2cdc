import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { secretUse } from '../../../src/app/host-uses.ts'
import { readSecret } from '../../../src/app/secrets.ts'
import { trustOf } from '../../../src/app/trust/agreed.ts'
import type { ShellStep } from '../../../src/manifest/index.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'
import { userIn } from '../../helpers/own-paths.ts'

const place = { file: '/shop/posada.yaml', line: 4, column: 5 }
const step = { name: 'deploy', place } as ShellStep

async function shop(env: NodeJS.ProcessEnv = {}) {
  const root = await temporaryFolder(onTestFinished)
  const trust = trustOf({ root, user: userIn(root), env: {} })
  const { signal } = new AbortController()
  const inputs = { root, env: { PATH: process.env.PATH, ...env }, anyOwner: false, trust, signal }
  const read = (from: ShellStep['sensitive'][string]) => readSecret(inputs, from, { name: 'TOKEN', step })
  const agree = async (command: string) => trust.grant([await secretUse(command, root)])
  return { root, read, agree }
}

it('is a variable of the environment, or else of .env', async () => {
  const { root, read } = await shop({ FIRST: 'from here' })
  await writeFile(join(root, '.env'), 'FIRST=not this\nSECOND="from the file"\n')
  expect(await read({ env: 'FIRST' })).toBe('from here')
  expect(await read({ env: 'SECOND' })).toBe('from the file')
})

it('is what a file holds, but for the line break at its end', async () => {
  const { root, read } = await shop()
  await writeFile(join(root, 'token'), 'one\ntwo\n')
  expect(await read({ path: join(root, 'token') })).toBe('one\ntwo')
})

it('is what a command writes, in the project, once that was agreed to', async () => {
  const { root, read, agree } = await shop({ PREFIX: 'be' })
  await writeFile(join(root, 'get.sh'), 'echo "$PREFIX-$1"; echo noise >&2\n')
  const command = 'sh get.sh "well hidden"'
  await expect(read({ command })).rejects.toMatchObject({ code: 'E_UNTRUSTED' })
  await agree(command)
  expect(await read({ command })).toBe('be-well hidden')
  await writeFile(join(root, 'get.sh'), 'echo another')
  await expect(read({ command })).rejects.toMatchObject({ code: 'E_UNTRUSTED' })
})

it.each<[string, ShellStep['sensitive'][string], string]>([
  ['a variable that is not set', { env: 'NONE' }, 'has no source: the variable NONE is not set'],
  ['a file that is not there', { path: '/no/such/file' }, 'cannot be read: /no/such/file does not exist'],
  ['a folder', { path: '/tmp' }, 'cannot be read: /tmp is not a file'],
  ['a short value', { env: 'SHORT' }, 'has fewer than 4 characters, and could not be hidden'],
  [
    'a command that fails',
    { command: 'echo almost; exit 3' },
    'has no source: echo almost; exit 3 ended with 3',
  ],
  [
    'a value with a NUL',
    { command: "printf 'long\\0enough'" },
    'has a NUL character, which a variable cannot hold',
  ],
  ['a flood', { command: 'cat /dev/zero' }, 'is too long for a variable'],
])('%s is refused, without a value', async (_, from, problem) => {
  const { read, agree } = await shop({ SHORT: 'abc' })
  if ('command' in from) await agree(from.command)
  await expect(read(from)).rejects.toMatchObject({
    code: 'E_PROVISION_SOURCE',
    message: `provision step deploy: the sensitive value TOKEN ${problem}`,
    value: 'TOKEN',
    place,
  })
})
