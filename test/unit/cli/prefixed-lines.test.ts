import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PrefixedLines } from '../../../src/cli/prefixed-lines.ts'

async function through(chunks: Uint8Array[], prefix = 'web | '): Promise<Buffer> {
  const written: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk)
      done()
    },
  })
  const lines = new PrefixedLines(stream, prefix)
  for (const chunk of chunks) lines.write(chunk)
  lines.end()
  await finished(lines)
  return Buffer.concat(written)
}
const texts = (...parts: string[]) => through(parts.map((part) => Buffer.from(part))).then(String)

it('puts the prefix before each line, wherever it was cut', async () => {
  expect(await texts('one\ntw', 'o\n\nthree')).toBe('web | one\nweb | two\nweb | \nweb | three\n')
  expect(await texts('')).toBe('')
  expect(await texts('\n')).toBe('web | \n')
})

it('passes a line without end on in pieces', async () => {
  const out = await texts('x'.repeat(70_000), 'y')
  expect(out.replaceAll('web | ', '').replaceAll('\n', '')).toHaveLength(70_001)
})

it('does not cut a line that waits behind many others', async () => {
  const out = await texts(`${'x\n'.repeat(40_000)}half`, ' a line\n')
  expect(out.endsWith('web | x\nweb | half a line\n')).toBe(true)
})

it('keeps every byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), async (chunks) => {
      const given = Buffer.concat(chunks).toString('latin1')
      const wanted = given === '' || given.endsWith('\n') ? given : `${given}\n`
      const out = (await through(chunks, 'ö> ')).toString('latin1')
      const prefix = Buffer.from('ö> ').toString('latin1')
      const lines = out.split('\n').slice(0, -1)
      expect(lines.every((line) => line.startsWith(prefix))).toBe(true)
      expect(lines.map((line) => `${line.slice(prefix.length)}\n`).join('')).toBe(wanted)
    }),
  )
})
