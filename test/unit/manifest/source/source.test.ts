import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeSource, placeOf } from '../../../../src/manifest/source/source.ts'

const place = (text: string, start: number, end = start + 1) => {
  const { file, ...rest } = placeOf({ source: makeSource('/f', text), start, end })
  expect(file).toBe('/f')
  return rest
}

test.each([
  ['', 0, 0, { line: 1, column: 1, text: '', length: 1 }],
  ['abc', 1, 2, { line: 1, column: 2, text: 'abc', length: 1 }],
  ['a\nbcd', 3, 5, { line: 2, column: 2, text: 'bcd', length: 2 }],
  ['a\r\nbcd\r\n', 3, 4, { line: 2, column: 1, text: 'bcd', length: 1 }],
  ['a\r\nb', 1, 3, { line: 1, column: 2, text: 'a', length: 1 }],
  ['abc\ndef', 1, 6, { line: 1, column: 2, text: 'abc', length: 2 }],
  ['a\n', 2, 2, { line: 2, column: 1, text: '', length: 1 }],
  ['\tab', 1, 2, { line: 1, column: 2, text: '\tab', length: 1 }],
  ['🙂x', 2, 3, { line: 1, column: 3, text: '🙂x', length: 1 }],
])('%j from %d to %d', (text, start, end, expected) => expect(place(text, start, end)).toEqual(expected))

test('a line of 200 characters is whole, one of 201 is cut', () => {
  expect(place('x'.repeat(200), 150)).toEqual({ line: 1, column: 151, text: 'x'.repeat(200), length: 1 })
  expect(place('x'.repeat(201), 0)).toMatchObject({ textStart: 1, text: `${'x'.repeat(198)}…` })
})

test('wherever a line is cut, the caret stands under the character that is meant', () => {
  const parts = fc.array(fc.constantFrom('a', '🙂', 'é', ' ', '日'), { minLength: 0, maxLength: 900 })
  fc.assert(
    fc.property(parts, fc.nat(), fc.nat({ max: 400 }), (characters, at, length) => {
      const text = characters.join('')
      const start = text.length === 0 ? 0 : at % text.length
      const found = place(text, start, Math.min(text.length, start + length))
      const from = found.column - (found.textStart ?? 1)
      expect(found.text?.length).toBeLessThanOrEqual(200)
      expect(found.text?.[from]).toBe(text[start])
      expect(from + (found.length ?? 1)).toBeLessThanOrEqual(Math.max(1, found.text?.length ?? 0))
    }),
  )
})

test.each([
  ['extends: https://me:hunter2@e.example/b.yaml', 'extends: https://**:*******@e.example/b.yaml'],
  ['box: "https://hunter2@e.example/a"', 'box: "https://*******@e.example/a"'],
  ['[https://me:hun/t@er2@h/a, https://h/b]', '[https://**:*********@h/a, https://h/b]'],
  ['shell: https://h/a?v=hunter2&sig=hunter2#x', 'shell: https://h/a?v=*******&sig=*******#x'],
  ['extends: https://me:${TOKEN}@h/a', 'extends: https://**:${TOKEN}@h/a'],
  ['box: oci://h:5000/team/a@sha256:0123', 'box: oci://h:5000/team/a@sha256:0123'],
  ['shell: echo https://h/a | mail ann@h', 'shell: echo https://h/a | mail ann@h'],
])('credentials are not shown: %s', (line, shown) => {
  expect(place(line, 3)).toMatchObject({ text: shown, column: 4 })
  for (const length of [150, 400, 5000])
    for (const start of [0, length - 80, length + 5, length + line.length + 200]) {
      const long = `${' '.repeat(length)}${line}${' '.repeat(length)}`
      expect(place(long, start).text).not.toContain('hunter2')
    }
})
