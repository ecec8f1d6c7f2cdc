import { join } from 'node:path'
import { build } from 'esbuild'
import { processes } from './entries.js'
import { throughDoors } from './through-doors.js'

/** Modules of Node's that are loaded once something of them is used: together 7 ms before a machine's start. */
const DEFERRED = ['crypto', 'zlib', 'child_process', 'net', 'fs/promises', 'timers/promises']

const BANNER = [
  "const __moduleUrl = require('node:url').pathToFileURL(__filename).href",
  'const __deferred = (name) => { let loaded; return new Proxy({}, { get: (_, key) => (loaded ??= require(name))[key] }) }',
].join('\n')

/** These files are CommonJS, all in one folder: what `createRequire` makes is what they have. */
const ownRequire = {
  name: 'own-require',
  setup(build) {
    build.onResolve({ filter: /^node:module$/ }, ({ path }) => ({ path, namespace: 'own-require' }))
    build.onLoad({ filter: /.*/, namespace: 'own-require' }, () => ({
      contents: 'export const createRequire = () => require',
    }))
  },
}

/**
 * Bundles each into one file of CommonJS, `NAME.cjs` in `outdir`, and returns them unwritten. One file without
 * ECMAScript's modules takes Node a tenth of the time of 25 shared ones: docs/decisions/start-time.md.
 */
export async function bundleProcesses(root, outdir, entries = processes) {
  const entryPoints = Object.fromEntries(
    Object.entries(entries).map(([name, file]) => [name, join(root, file)]),
  )
  return bundleCommonJs({
    absWorkingDir: root,
    entryPoints,
    outdir,
    external: ['koffi'],
    plugins: [ownRequire, throughDoors],
  })
}

/** Bundles into files of CommonJS, with esbuild's options, and returns them unwritten. */
export async function bundleCommonJs({ define, ...options }) {
  const { outputFiles } = await build({
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    banner: { js: BANNER },
    define: { 'import.meta.url': '__moduleUrl', ...define },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
    ...options,
  })
  return outputFiles.map(({ path, text }) => ({ path, contents: deferModules(text) }))
}

/** `=require("node:NAME")` is how esbuild writes an import of names. */
function deferModules(text) {
  return text.replaceAll(/=require\("node:([a-z_/]+)"\)/g, (whole, name) =>
    DEFERRED.includes(name) ? `=__deferred("node:${name}")` : whole,
  )
}
