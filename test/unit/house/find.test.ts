import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageRoot } from '../../../src/lib/files/package-root.ts'
import { declares } from '../../helpers/house.ts'

// From the README to the line in two steps: the table of docs/architecture.md, and the file that it names.

const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8')
const [, table = ''] = read('docs/architecture.md').split('## Where to find what\n')
const rows = [
  ...(table.split('\n## ')[0] ?? '').matchAll(/^\| (?!what \|)([^|]+) \| `([^`]+)` `([^`]+)`(.*) \|$/gm),
]

test('the README leads to the table', () => {
  expect(read('README.md')).toContain('(docs/architecture.md#where-to-find-what)')
})

test('each row names one file, and what to look for in it', () => {
  const lines = (table.split('\n## ')[0] ?? '').split('\n').filter((line) => /^\| (?!what \|)/.test(line))
  expect(rows.map(([line]) => line)).toEqual(lines)
  expect(rows.length).toBeGreaterThan(15)
})

test.each([/TCP port/, /CPUID/, /resumed/, /DHCP/, /recorded as done/, /error code/])(
  '%s is there',
  (what) => {
    expect(rows.filter(([, subject = '']) => what.test(subject)).length).toBeGreaterThan(0)
  },
)

describe.each(rows.map(([, what, path = '', name = '']) => ({ what, path, name })))(
  '$what',
  ({ path, name }) => {
    test('is declared there', () => {
      expect(declares(read(path), name)).toBe(true)
    })
  },
)

test('what is not declared is not found', () => {
  expect(declares('export function other(): void {}\nother.wanted()\n', 'wanted')).toBe(false)
  expect(declares('export const wanted = 1\n', 'wanted')).toBe(true)
})
