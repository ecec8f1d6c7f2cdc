import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesLike, isComment, longParameterLists, ownStatements } from '../../helpers/house.ts'

// What people would otherwise argue about. Unused declarations are found by tsc, unused exports by knip.

const source = filesLike(/^(src|providers|tools|bin|test)\/.*\.(ts|js)$/)
const prose = filesLike(/\.md$/)

/** Columns of a comment; biome holds code to 110 and cannot break a string. */
const WIDTH = 130
const PARAMETERS = 3

test('a comment fits into its line', () => {
  const comments = source.flatMap(({ path, text }) =>
    linesOf(path, text).filter(({ line }) => isComment(line)),
  )
  expect(tooLong(comments)).toEqual([])
})

/** Declares calls of the C library as they are. */
const foreign = 'providers/kvm/ffi/libc.ts'

// Parses all of the source, which takes some seconds, and a minute on a host that is busy.
test('a function takes at most three parameters', { timeout: 300_000 }, () => {
  const found = source
    .filter(({ path }) => /^(src|providers|tools)\/.*\.ts$/.test(path) && path !== foreign)
    .flatMap(({ path, text }) => longParameterLists(text, PARAMETERS).map((line) => `${path}:${line}`))
  expect(found).toEqual([])
})

/** Names of C headers and specifications are written as they are there. */
const headers = /^(providers\/kvm|src\/lib\/native)\//

test('a constant is written like any other name', () => {
  const found = source
    .filter(({ path }) => /^(src|providers)\//.test(path) && !headers.test(path))
    .flatMap(({ path, text }) => loudConstants(text).map((line) => `${path}:${line}`))
  expect(found).toEqual([])
})

test('a door only passes names on', () => {
  const doors = source.filter(({ path }) => /^src\/[^/]+\/index\.ts$/.test(path))
  const own = doors.flatMap(({ path, text }) => ownStatements(text).map((line) => `${path}:${line}`))
  expect(own).toEqual([])
})

/** Calls of the C library are kept together, whoever makes them. */
const together = /^src\/lib\/native\//

test('what lies in lib serves several rooms, or others in lib', () => {
  const shared = source.filter(({ path }) => path.startsWith('src/lib/') && !together.test(path))
  const users = usersOf(source.filter(({ path }) => /^(src|providers)\//.test(path)))
  expect(shared.map(({ path }) => path).filter((path) => servesOne(users.get(path)))).toEqual([])
})

test('programs are started by execa, or the reason stands above the import', () => {
  const found = source
    .filter(({ path }) => /^(src|providers)\//.test(path))
    .flatMap(({ path, text }) => unexplained(text).map((line) => `${path}:${line}`))
  expect(found).toEqual([])
})

/** What is correct and not how the trade speaks, with what to write instead. */
const WORDS: [RegExp, string][] = [
  // In quotes and alone it is the name of a user.
  [/\bnobody\b(?<!['`]nobody(?=['`/\\]))/i, 'no one; or say who'],
  [/\banew\b/i, 'again'],
  [/\bmend(s|ed|ing)?\b/i, 'fix'],
  [
    /(?<!\bthere )\b(is|are|was|were) no (?!longer\b|more than\b|less than\b|one\b|room\b|need\b|use\b)/i,
    'is not a',
  ],
  [/\bno more\b(?! than)/i, 'no longer'],
  [/\bvouch/i, 'has a checksum, is checked'],
  [/\belse than\b/i, 'other than'],
  [/\bgo(es|ing)? on with\b/i, 'continue'],
  [/\b(to|can|cannot|could) be had\b/i, 'available'],
  [/\b(came|come|comes) to (its|their) end\b/i, 'finished'],
]

test('messages, help, comments, documents and titles of tests are in plain English', () => {
  const found = [...source, ...prose, ...filesLike(/\.(sh|ya?ml)$|^bin\//)]
    // This file has what is wrong in it.
    .filter(({ path }) => path !== 'test/unit/house/tidy.test.ts')
    .flatMap(({ path, text }) => linesOf(path, text))
    .flatMap(({ at, line }) =>
      WORDS.filter(([word]) => word.test(line)).map(([, better]) => `${at}: ${better}`),
    )
  expect(found).toEqual([])
})

describe('what is wrong is found', () => {
  test.each(WORDS)('%s', (word) => {
    const examples = [
      '`nobody waits`',
      'made anew',
      'mends it',
      'it is no text',
      'names no more',
      'vouches for',
      'else than',
      'goes on with',
      'is to be had',
      'came to its end',
    ]
    expect(examples.filter((text) => word.test(text))).toHaveLength(1)
    expect(
      [
        'there is no box',
        'it is no longer',
        'user: `nobody`',
        "user: 'nobody'",
        'recommended',
        'no more than 3',
      ].filter((text) => word.test(text)),
    ).toEqual([])
  })

  test('parameters, constants and doors', () => {
    expect(loudConstants('const limit = 1\nexport const MOST_PORTS = 2\nconst Form = 3\n')).toEqual([2])
    expect(longParameterLists('const f = (a, b, c) => a\nclass X { m(a, b, c, d) {} }\n', 3)).toEqual([2])
    expect(ownStatements("export { a } from './a.ts'\nexport const b = 1\n")).toEqual([2])
  })

  test('a file of lib that one room uses', () => {
    const text = "import { a } from '../lib/values/a.ts'"
    const users = usersOf([{ path: 'src/ui/x.ts', text: `${text}\nawait import('../lib/values/b.ts')` }])
    expect(['a', 'b', 'c'].map((name) => servesOne(users.get(`src/lib/values/${name}.ts`)))).toEqual([
      ...[true, true, false],
    ])
    const both = usersOf(['ui', 'ssh'].map((room) => ({ path: `src/${room}/x.ts`, text })))
    expect(servesOne(both.get('src/lib/values/a.ts'))).toBe(false)
    expect(servesOne(new Set(['src/lib']))).toBe(false)
  })

  test.each([
    ["import { spawn } from 'node:child_process'", [1]],
    ["// Not execa: it is slow.\nimport { spawn } from 'node:child_process'", []],
    ["// Something else.\nconst { spawn } = await import('child_process')", [2]],
    ["// Not execa: no.\nimport a from './a.ts'\nimport { spawn } from 'node:child_process'", [3]],
    ["import { execa } from 'execa'", []],
  ])('an import without a reason: %j', (text, lines) => {
    expect(unexplained(text)).toEqual(lines)
  })
})

/** The lines that declare a constant in capitals. */
function loudConstants(text: string): number[] {
  return text
    .split('\n')
    .flatMap((line, index) => (/^(export )?const [A-Z][A-Z0-9_]*\b/.test(line) ? [index + 1] : []))
}

/** The lines that import Node's own way to start programs, with no comment above that says why it is not execa. */
function unexplained(text: string): number[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    if (!/['"](node:)?child_process['"]/.test(line)) return []
    const above = lines.slice(0, index).reverse()
    const end = above.findIndex((one) => !one.trim().startsWith('//'))
    const comment = above.slice(0, end === -1 ? above.length : end)
    return comment.some((one) => one.includes('Not execa: ')) ? [] : [index + 1]
  })
}

/** Which rooms import each file, by its path: `src/ROOM` or `providers/NAME`. */
function usersOf(files: readonly { path: string; text: string }[]): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>()
  for (const { path, text } of files)
    for (const [, named = ''] of text.matchAll(/(?:\bfrom |\bimport\()'(\.[^']+)'/g)) {
      const target = join(dirname(path), named)
      users.set(target, (users.get(target) ?? new Set()).add(path.split('/').slice(0, 2).join('/')))
    }
  return users
}

function servesOne(rooms: ReadonlySet<string> = new Set()): boolean {
  return rooms.size === 1 && !rooms.has('src/lib')
}

interface Line {
  at: string
  line: string
}

function linesOf(path: string, text: string): Line[] {
  return text.split('\n').map((line, index) => ({ at: `${path}:${index + 1}`, line }))
}

function tooLong(lines: readonly Line[]): string[] {
  return lines.filter(({ line }) => line.length > WIDTH).map(({ at }) => at)
}
