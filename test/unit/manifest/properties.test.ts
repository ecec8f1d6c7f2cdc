import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { isPosadaError, type PosadaError } from '../../../src/errors/index.ts'
import { packageRoot } from '../../../src/lib/files/package-root.ts'
import { loadManifest } from '../../../src/manifest/index.ts'
import { type Files, withFolder } from '../../helpers/manifest.ts'

/** Loads; any PosadaError is right, provided that each of its problems stands within its file. */
async function survives(files: Files): Promise<void> {
  await withFolder(files, async (cwd) => {
    try {
      await loadManifest({ cwd, env: { A: 'a', EMPTY: '' } })
    } catch (error) {
      if (!isPosadaError(error)) throw error
      checkPlaces(error, files)
    }
  })
}

function checkPlaces(error: PosadaError, files: Files): void {
  if (error.code === 'E_MANIFEST_INVALID') expect(error.problems.length).toBeGreaterThan(0)
  for (const { place, message, hint, code } of error.problems) {
    if (place === undefined) throw new Error(`no place: ${message}`)
    const written = files[place.file.split('/').pop() ?? '']
    const lines = new TextDecoder()
      .decode(typeof written === 'string' ? Buffer.from(written) : written)
      .split(/\r?\n/)
    const line = lines[place.line - 1]
    expect(line, `${code} ${message} in line ${place.line}`).toBeDefined()
    expect(place.column).toBeGreaterThanOrEqual(1)
    expect(place.column).toBeLessThanOrEqual((line?.length ?? 0) + 1)
    const length = place.length ?? 1
    expect(length).toBeGreaterThanOrEqual(1)
    if (place.text !== undefined) {
      expect(place.text.length).toBeLessThanOrEqual(200)
      const from = place.column - (place.textStart ?? 1)
      expect(from).toBeGreaterThanOrEqual(0)
      expect(from + length).toBeLessThanOrEqual(Math.max(place.text.length, from + 1))
      if (place.textStart === undefined) expect(place.text).toBe(line)
    }
    // Of ours; keys and values of the file may be called so.
    for (const word of ['undefined', 'NaN', '[object'])
      if (!lines.some((text) => text.includes(word))) expect(`${message}\n${hint ?? ''}`).not.toContain(word)
  }
}

const keys = [
  'version',
  'name',
  'machines',
  'defaults',
  'box',
  'provider',
  'providers',
  'arch',
  'cpus',
  'memory',
  'disk',
  'nested',
  'depends_on',
  'ports',
  'env',
  'provision',
  'shell',
  'file',
  'from',
  'to',
  'run',
  'timeout',
  'args',
  'networks',
  'constructor',
  '<<',
  'a',
  'Ä',
]
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    1,
    0,
    -1,
    1.5,
    1e300,
    '',
    '1GiB',
    '90s',
    'debian/12',
    '8080:80',
    '${A}',
    '${NOPE}',
    '${A:-b}',
    '${',
    '$$',
    './x.sh',
    'a',
    'b',
    'changed',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const { node } = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...keys), tie('node'), { maxKeys: 6 }),
  ),
}))
const manifest = fc.dictionary(fc.constantFrom(...keys), node, { maxKeys: 8 })

const write = (value: unknown) => stringify(value, { aliasDuplicateObjects: false })

test('any YAML value is loaded or refused with places', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(manifest, node), fc.option(manifest), async (value, override) => {
      const files: Files = { 'posada.yaml': write(value) }
      if (override !== null) files['posada.override.yaml'] = write(override)
      await survives(files)
    }),
    { numRuns: 150 },
  )
})

test('any JSON is loaded or refused with places', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), (json) => survives({ 'posada.yaml': json })),
    { numRuns: 80 },
  )
})

test('any bytes are refused with places', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (bytes) =>
      survives({ 'posada.yaml': bytes, '.env': bytes }),
    ),
    { numRuns: 150 },
  )
})

const pieces = fc.array(
  fc.constantFrom(
    ...keys,
    ': ',
    ':',
    '\n',
    '\r\n',
    '\n  ',
    '\t',
    '- ',
    '[',
    ']',
    '{',
    '}',
    ', ',
    '"',
    "'",
    '&a ',
    '*a',
    '!!str ',
    '|\n',
    '>\n',
    '#',
    ' ',
    '---\n',
    '...\n',
    '%YAML 1.2\n',
    '? ',
    '${A}',
    '${NOPE}',
    '\\x',
    '1',
    '🙂',
    '\u0000',
    '\ufeff',
  ),
  { maxLength: 60 },
)

test('any text of YAML pieces is loaded or refused with places', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, pieces, (one, other) =>
      survives({ 'posada.yaml': one.join(''), '.env': other.join('') }),
    ),
    { numRuns: 500 },
  )
})

test('a template with anything put in, anywhere, is loaded or refused with places', async () => {
  const multi = readFileSync(join(packageRoot(), 'templates', 'multi.yaml'), 'utf8')
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: multi.length }), fc.nat({ max: 10 }), pieces, (at, cut, put) =>
      survives({ 'posada.yaml': multi.slice(0, at) + put.slice(0, 6).join('') + multi.slice(at + cut) }),
    ),
    { numRuns: 300 },
  )
})
