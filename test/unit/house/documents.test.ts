import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageRoot } from '../../../src/lib/files/package-root.ts'
import { loadManifest } from '../../../src/manifest/index.ts'
import { loadCommands } from '../../../tools/command-reference.ts'
import { commandLines, wrongIn } from '../../helpers/command-words.ts'
import { filesLike, isComment, tracked } from '../../helpers/house.ts'
import { readMarkdown } from '../../helpers/markdown.ts'

const root = packageRoot()
const names = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].sort()
const read = (name: string) => readMarkdown(readFileSync(join(root, name), 'utf8'))
const documents = names.map((name) => ({ name, ...read(name) }))
const commands = await loadCommands()
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

/** The folders at the root, in rooms and in providers. */
const folders = new Set(
  tracked.flatMap((path) => {
    const [top, ...below] = path.split('/').slice(0, -1)
    return /^(src|providers)$/.test(top ?? '') ? [top, ...below] : [top]
  }),
)

describe.each(documents)('$name', ({ name, links, spans, blocks }) => {
  test('its links lead somewhere', () => {
    const broken = links
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => !leadsSomewhere(name, link))
    expect(broken).toEqual([])
  })

  test('the paths that it names are there', () => {
    expect(spans.filter((span) => isPath(span) && !isInTree(span))).toEqual([])
  })

  test('the command lines in it are right', () => {
    const shell = blocks.filter(({ language }) => language === 'sh' || language === '')
    const whole = shell.flatMap(({ text }) => commandLines(text)).filter((line) => !/[[…]/.test(line))
    const mentions = spans.flatMap(commandLines)
    const wrong = [
      ...whole.map((line) => ({ line, problem: wrongIn(line, commands, true) })),
      ...mentions.map((line) => ({ line, problem: wrongIn(line, commands, false) })),
    ]
    expect(wrong.filter(({ problem }) => problem !== null)).toEqual([])
  })

  test('the npm scripts that it names are there', () => {
    const text = [...spans, ...blocks.map((block) => block.text)].join('\n')
    const run = [...text.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? '')
    expect(run.filter((script) => !(script in scripts))).toEqual([])
  })

  test('the manifests in it are valid', async () => {
    for (const { text } of blocks.filter((block) => /^version: 1$/m.test(block.text))) await loads(text)
  })
})

test('the files that comments name are there', () => {
  const comments = filesLike(/^(src|providers|tools|test)\/.*\.(ts|js)$/).flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (isComment(line) ? [{ at: `${path}:${index + 1}`, line }] : [])),
  )
  const gone = comments.filter(({ line }) => filesIn(line).some((file) => !isInTree(file)))
  expect(gone.map(({ at }) => at)).toEqual([])
})

test('docs/README.md leads to every document', () => {
  const index = read(join('docs', 'README.md')).links.map((link) => join('docs', link))
  const wanted = names.filter((name) => name.startsWith('docs/') && name !== 'docs/README.md')
  expect(wanted.filter((name) => !index.includes(name))).toEqual([])
})

test('what is wrong is found', () => {
  const lines = ['upp', 'up --frce', 'copy a', 'copy a b c', 'box biuld x', 'completion ksh', 'logs -n']
  expect(lines.filter((line) => wrongIn(line, commands, true) === null)).toEqual([])
  const right = [
    'up a b --no-provision',
    'logs web -n 5',
    'exec -- ls -la',
    'init minimal -',
    'box build ./my',
  ]
  expect(right.map((line) => wrongIn(line, commands, true))).toEqual(right.map(() => null))
  expect(commandLines('sudo true && posada up web | cat # x\n  bin/posada.js halt')).toEqual([
    'up web',
    'halt',
  ])
  const { links, anchors, blocks } = readMarkdown(
    '# A `b`, c!\n\n[x](y.md#z) `[p](q)`\n\n```sh\nposada up\n```\n',
  )
  expect({ links, anchors: [...anchors], blocks }).toEqual({
    links: ['y.md#z'],
    anchors: ['a-b-c'],
    blocks: [{ language: 'sh', text: 'posada up\n' }],
  })
  const gone = filesIn(' * as guest/kept.ts (src/ui/gone.ts) and `guest/login.ts` have it').filter(
    (file) => !isInTree(file),
  )
  expect(gone).toEqual(['guest/kept.ts', 'src/ui/gone.ts'])
})

/**
 * Whether inline code names a file or a folder of this repository: from its root (`src/ui`), or from a room or a
 * subject in it (`guest/login.ts`, `process/`). What lies on a user's disk has other names.
 */
function isPath(span: string): boolean {
  if (!/^[\w.-]+(\/[\w.-]+)*\/?$/.test(span) || /[A-Z]{3}/.test(span)) return false
  return (
    /^[\w-]+(\.[\w-]+)*\.(ts|sh)$/.test(span) || (span.includes('/') && folders.has(span.split('/')[0] ?? ''))
  )
}

/** Files of rooms and folders in them that a line names: `guest/login.ts`; a bare name may be another project's. */
function filesIn(line: string): string[] {
  return (line.match(/(?<![\w./<>-])[\w-]+(\/[\w.-]+)+\.ts\b/g) ?? []).filter(isPath)
}

function isInTree(path: string): boolean {
  const wanted = `/${path.replace(/\/$/, '')}`
  return tracked.some((file) => `/${file}`.endsWith(wanted) || `/${file}`.includes(`${wanted}/`))
}

function leadsSomewhere(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? from : relative(root, resolve(root, dirname(from), path))
  const found = statSync(join(root, target), { throwIfNoEntry: false })
  if (found === undefined) return false
  return anchor === undefined || read(target).anchors.has(anchor)
}

async function loads(text: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'posada-docs-'))
  try {
    writeFileSync(join(folder, 'posada.yaml'), text)
    const fetch = async () => Buffer.from('defaults: {box: debian/12}\n')
    await loadManifest({ cwd: folder, env: { TOKEN: 'x' }, fetch })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
