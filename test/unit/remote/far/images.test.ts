import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex, PassThrough } from 'node:stream'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import type { UserPaths } from '../../../../src/project/user-paths.ts'
import { imagePath, sweepImages, takeImage } from '../../../../src/remote/far/images.ts'

const content = Buffer.from('the disk of a box '.repeat(1000))
const digest = createHash('sha256').update(content).digest('hex')
let user: UserPaths

beforeEach(async () => {
  const hosted = mkdtempSync(join(tmpdir(), 'posada-hosted-'))
  user = { hosted } as UserPaths
  await mkdir(join(hosted, 'images'))
  onTestFinished(() => rmSync(hosted, { recursive: true, force: true }))
})

/** Sends bytes from where the other side says on, or all that it is told to; what it said, and what became of it. */
async function send(bytes: Buffer, { until = content.length } = {}) {
  const [there, back] = [new PassThrough(), new PassThrough()]
  const taken = takeImage(Duplex.from({ readable: there, writable: back }), user, {
    digest,
    size: content.length,
  })
  taken.catch(() => undefined)
  const said = JSON.parse(String((await once(back, 'data'))[0])) as { result: { from?: number; has?: true } }
  there.end(bytes.subarray(said.result.from ?? 0, until))
  return { said: said.result, taken }
}

it('takes a file, and then has it', async () => {
  const { said, taken } = await send(content)
  expect(said).toEqual({ from: 0 })
  await taken
  expect(readFileSync(imagePath(user, `sha256:${digest}`))).toEqual(content)
  expect((await send(content)).said).toEqual({ has: true })
})

it('takes the rest of one that was cut short', async () => {
  await (await send(content, { until: 7000 })).taken
  expect(existsSync(imagePath(user, digest))).toBe(false)
  const { said, taken } = await send(content)
  expect(said).toEqual({ from: 7000 })
  await taken
  expect(readFileSync(imagePath(user, digest))).toEqual(content)
})

it('throws away what is not what its digest says, so that it can be sent again', async () => {
  const other = Buffer.from(content).fill('x', 0, 1)
  await expect((await send(other)).taken).rejects.toMatchObject({ code: 'E_HOST_FAILED' })
  const { said, taken } = await send(content)
  expect(said).toEqual({ from: 0 })
  await taken
})

it('has the second of two senders wait for the first', async () => {
  const both = await Promise.all([
    send(content).then(async ({ said, taken }) => taken.then(() => said)),
    send(content).then(async ({ said, taken }) => taken.then(() => said)),
  ])
  expect(both).toEqual(expect.arrayContaining([{ from: 0 }, { has: true }]))
})

it.each(['../../etc/passwd', 'sha256:abc', ''])('refuses %j as a digest', (token) => {
  expect(() => imagePath(user, token)).toThrow(expect.objectContaining({ code: 'E_HOST_FAILED' }))
})

it('sweeps old files that no machine is made from, and no others', async () => {
  const [used, unused, young] = ['a', 'b', 'c'].map((letter) => letter.repeat(64))
  const long = new Date(Date.now() - 30 * 24 * 3600 * 1000)
  for (const name of [used, unused, young]) {
    writeFileSync(imagePath(user, name ?? ''), 'x')
    if (name !== young) await utimes(imagePath(user, name ?? ''), long, long)
  }
  await mkdir(join(user.hosted, 'machine'))
  writeFileSync(
    join(user.hosted, 'machine', 'spec.json'),
    JSON.stringify({ base: imagePath(user, used ?? '') }),
  )
  await sweepImages(user)
  const left = [used, unused, young].map((name) => existsSync(imagePath(user, name ?? '')))
  expect(left).toEqual([true, false, true])
})
