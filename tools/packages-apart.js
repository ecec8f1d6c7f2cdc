/** Packages that oclif loads at every start and hardly ever uses: templates, globs, spinners. */
const OF_OCLIF = ['ejs', 'minimatch', 'tinyglobby', 'lilconfig', 'wsl-utils', 'cli-spinners']
/** Large ones that our own code imports where it needs them. */
const OURS = ['ssh2', 'execa', 'tar-stream', 'ws']

/** It imports modules, which what has it cannot: src/lib/process/load-program.ts. */
const IMPORTER = 'import-module'

/** What is a file of its own, and what that file has. */
export const apart = Object.fromEntries([
  ...[...OURS, ...OF_OCLIF].map((name) => [name, `module.exports = require('${name}')`]),
  [IMPORTER, `export * from './src/lib/native/${IMPORTER}.ts'`],
])

const named = (names) => new RegExp(`^(${names.join('|')})$`)
const place = (name) => `./packages/${name}.cjs`

/**
 * An esbuild plugin that leaves these packages out: each is a file of its own, which most commands do not read. What
 * oclif imports is a stand-in that loads the package when it is first asked for a member.
 */
export const packagesApart = {
  name: 'packages-apart',
  setup(build) {
    const external = (path) => ({ path, external: true })
    build.onResolve({ filter: named(OURS) }, ({ path }) => external(place(path)))
    build.onResolve({ filter: new RegExp(`/${IMPORTER}[.]ts$`) }, () => external(place(IMPORTER)))
    build.onResolve({ filter: named(OF_OCLIF) }, ({ path, importer }) =>
      importer.includes('/@oclif/core/') ? { path, namespace: 'stand-in' } : undefined,
    )
    build.onResolve({ filter: /./, namespace: 'stand-in' }, ({ path }) => external(path))
    build.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({
      contents: `let loaded
const load = () => (loaded ??= require(${JSON.stringify(place(path))}))
module.exports = new Proxy({}, { get: (_, key) => (key === '__esModule' ? undefined : load()[key]) })`,
    }))
    build.onResolve({ filter: /^\.\/packages\//, namespace: 'stand-in' }, ({ path }) => ({
      path,
      external: true,
    }))
  },
}
