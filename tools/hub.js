import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { lookThrough } from './through-doors.js'

/** What every command loads that works on a project: whatever these lead to is one chunk. */
const COMMON = ['src/app/open-project.ts', 'src/machine/status.ts']
const LATER = /\bimport\('(\.[^']+\.ts)'\)/g

/**
 * An esbuild plugin that keeps in one chunk what every command on a project loads. esbuild makes a chunk of each set of
 * entry points that files are reached from, and takes what is imported later for an entry point, too: a command would
 * read a hundred small files, which takes half as long as Node's own start. Here all of these entry points reach all
 * that is common.
 */
export function hub(root, entries) {
  const common = COMMON.map((file) => join(root, file))
  const onProjects = entries.filter((path) => readFileSync(path, 'utf8').includes('openProject('))
  const reaching = new Set([...onProjects, ...importedLater(join(root, 'src'))])
  const plugin = {
    name: 'hub',
    setup(build) {
      build.onResolve({ filter: /^posada-hub$/ }, ({ path }) => ({
        path,
        namespace: 'hub',
        sideEffects: true,
      }))
      build.onLoad({ filter: /.*/, namespace: 'hub' }, () => ({
        resolveDir: root,
        contents: common.map((file) => `import ${JSON.stringify(file)}`).join('\n'),
      }))
    },
  }
  return { plugin, first: (path) => (reaching.has(path) ? "import 'posada-hub';" : '') }
}

/** The files of ours that something imports with `import()`; what starts every command (src/cli) has to be without. */
function importedLater(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('cli/'))
    .flatMap((name) => {
      const path = join(folder, name)
      const source = lookThrough(readFileSync(path, 'utf8'), dirname(path))
      return [...source.matchAll(LATER)].map(([, file]) => resolve(dirname(path), file))
    })
}
