import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Masking, maskedText, secretValues } from '../../../../src/lib/text/masking.ts'

async function masked(secrets: string[], ...chunks: (string | Buffer)[]): Promise<string> {
  const masking = new Masking(secrets)
  for (const chunk of chunks) masking.write(chunk)
  masking.end()
  return (await buffer(masking)).toString('latin1')
}

it('hides a value, however it is cut', async () => {
  expect(await masked(['s3cret'], 'a s3cret b')).toBe('a *** b')
  expect(await masked(['s3cret'], 'a s3', 'c', 'ret b')).toBe('a *** b')
  expect(await masked(['s3cret'], ...'s3crets3cret')).toBe('******')
})

it('hides the longest of those that begin at one place, and each line of one', async () => {
  expect(await masked(['abcd', 'abcdef'], 'x abcdefg')).toBe('x ***g')
  expect(await masked(['abcd', 'abcdef'], 'x abcd', 'efg')).toBe('x ***g')
  expect(await masked(['first line\nsecond line'], 'the second line')).toBe('the ***')
})

it('hides values in a command that is shown', () => {
  expect(maskedText('curl -u s3cret:s3cret2 s3', ['s3cret', 's3cret2', 's3'])).toBe('curl -u ***:*** s3')
})

it('leaves what only looks like one, and words too short to hide', async () => {
  expect(await masked(['s3cret', 'yes'], 's3cre', ' yes s3cre')).toBe('s3cre yes s3cre')
  expect(secretValues(['a\nlong one', ''])).toEqual(['a\nlong one', 'long one'])
})

it('never lets a value through, and loses nothing else, in whatever pieces', async () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 4, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(letters, { minLength: 1, maxLength: 4 }),
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 20 }), { maxLength: 6 }),
      async (secrets, chunks) => {
        const whole = await masked(secrets, chunks.join(''))
        expect(await masked(secrets, ...chunks)).toBe(whole)
        for (const secret of secrets) expect(whole).not.toContain(secret)
      },
    ),
    { numRuns: 2000 },
  )
})
