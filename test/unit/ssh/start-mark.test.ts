import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StartMark } from '../../../src/ssh/start-mark.ts'

async function pass(
  chunks: Buffer[],
  dropBefore = false,
): Promise<{ said: string | undefined; rest: Buffer }> {
  let said: string | undefined
  const onMark = (text: string) => {
    said = text
  }
  const filter = new StartMark({ mark: 'posada-abc', dropBefore, onMark })
  const rest: Buffer[] = []
  filter.on('data', (chunk: Buffer) => rest.push(chunk))
  for (const chunk of chunks) filter.write(chunk)
  filter.end()
  await new Promise((resolve) => filter.once('end', resolve))
  return { said, rest: Buffer.concat(rest) }
}

test('takes the mark out and nothing else, however it is cut', async () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map((part) => Buffer.from(part))
  await fc.assert(
    fc.asyncProperty(bytes, bytes, fc.integer({ min: 1, max: 20 }), async (before, after, size) => {
      const all = Buffer.concat([before, Buffer.from('posada-abc 4711\n'), after])
      const chunks: Buffer[] = []
      for (let at = 0; at < all.length; at += size) chunks.push(all.subarray(at, at + size))
      expect(await pass(chunks)).toEqual({ said: '4711', rest: Buffer.concat([before, after]) })
      expect(await pass(chunks, true)).toEqual({ said: '4711', rest: after })
    }),
  )
})

test('what comes without a mark goes through whole', async () => {
  const text = Buffer.from('sudo: a password is required\n')
  expect(await pass([text])).toEqual({ said: undefined, rest: text })
  expect(await pass([text], true)).toEqual({ said: undefined, rest: text })
  const long = Buffer.alloc(200_000, 'x')
  expect((await pass([long, text])).rest.equals(Buffer.concat([long, text]))).toBe(true)
})
