import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { followFile, sizeOf } from '../../../../src/machine/observed/follow-file.ts'
import { until } from '../../../helpers/guest-talk.ts'

const dir = mkdtempSync(join(tmpdir(), 'posada-follow-'))
afterAll(() => rmSync(dir, { recursive: true }))

it('hands over what is appended, goes on in a file that was cut or replaced, and ends with all of it', async () => {
  const path = join(dir, 'log')
  let [seen, over] = ['', false]
  const onBytes = async (bytes: Buffer) => {
    seen += bytes
  }
  const { signal } = new AbortController()
  const following = followFile(path, { from: 3, every: 1, onBytes, isOver: () => over, signal })
  const shows = (text: string) => until(text, 10_000, async () => seen === text)
  writeFileSync(path, 'abcde')
  await shows('de')
  appendFileSync(path, 'f')
  await shows('def')
  truncateSync(path)
  await until('it was seen empty', 10_000, async () => {
    writeFileSync(path, 'g')
    return seen === 'defg'
  })
  writeFileSync(`${path}.new`, 'longer')
  renameSync(`${path}.new`, path)
  await shows('defglonger')
  appendFileSync(path, ' and more')
  over = true
  await following
  expect(seen).toBe('defglonger and more')
  expect([await sizeOf(path), await sizeOf(join(dir, 'missing'))]).toEqual([15, null])
})

it('ends with the reason of the signal, also while there is no file', async () => {
  const stop = new AbortController()
  const following = followFile(join(dir, 'never'), {
    from: 0,
    every: 1,
    onBytes: () => expect.unreachable(),
    signal: stop.signal,
  })
  stop.abort(new Error('enough'))
  await expect(following).rejects.toThrow('enough')
})
