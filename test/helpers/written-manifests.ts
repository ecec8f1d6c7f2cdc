import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { packageRoot } from '../../src/lib/files/package-root.ts'
import { readMarkdown } from './markdown.ts'
import { recipesIn } from './recipes.ts'

export interface WrittenManifest {
  /** Where it stands: `templates/multi.yaml`, `README.md 2` for the second in it. */
  name: string
  text: string
  /** What its project has besides, by path: scripts, recipes. */
  files: Record<string, string>
}

/** The environment that they are loaded in. */
export const manifestsEnv = { TOKEN: 'of a test' }

/** What documents speak of and do not show. */
const spokenOf: Record<string, Record<string, string>> = {
  'docs/manifest.md 1': {
    'nginx.conf': 'events {}\nhttp { server { listen 80; return 200 "It works."; } }\n',
    'scripts/setup.sh':
      '#!/bin/sh\nset -eu\n[ -n "$TOKEN" ]\napt-get update\napt-get install -y --no-install-recommends nginx\n',
  },
}

/** Every complete manifest that somebody may copy: templates, examples, README and the documents. */
export function writtenManifests(): WrittenManifest[] {
  const root = packageRoot()
  const read = (name: string) => readFileSync(join(root, name), 'utf8')
  const below = (folder: string, end: RegExp) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => end.test(name))
      .sort()
      .map((name) => `${folder}/${name}`)
  const whole = [...below('templates', /\.yaml$/), ...below('examples', /(^|\/)posada\.yaml$/)]
  return [
    ...whole.map((name) => ({ name, text: read(name), files: {} })),
    ...['README.md', ...below('docs', /\.md$/)].flatMap((name) => inDocument(name, read(name))),
  ]
}

function inDocument(document: string, text: string): WrittenManifest[] {
  const { blocks } = readMarkdown(text)
  const shown = blocks.find((block) => block.language === 'yaml' && /^from: /m.test(block.text))?.text ?? ''
  const programs = blocks.flatMap((block) => {
    const [, name] = /^\/\/ (\S+\.js)\n/.exec(block.text) ?? []
    return name === undefined ? [] : [[name, block.text] as const]
  })
  const manifests = blocks
    .filter((block) => /^version: 1$/m.test(block.text))
    .map((block, index) => {
      const name = `${document} ${index + 1}`
      const own = /^boxes:/m.test(block.text) ? { 'boxes/base/recipe.yaml': shown } : {}
      const shownFiles = /^sync:/m.test(block.text) ? Object.fromEntries(programs) : {}
      return { name, text: block.text, files: { ...own, ...shownFiles, ...spokenOf[name] } }
    })
  const recipes = recipesIn(text).map((recipe) => ({
    name: `the recipe in ${document}`,
    text: `version: 1\nboxes: {shop/base: ./${dirname(recipe.path)}}\nbox: shop/base\n`,
    files: { [recipe.path]: recipe.text },
  }))
  return [...manifests, ...recipes]
}

/** Writes one as a project. */
export function writeProject(folder: string, { text, files }: WrittenManifest): void {
  for (const [path, content] of Object.entries({ 'posada.yaml': text, ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
}
