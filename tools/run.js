// Runs a TypeScript file of this repository: node tools/run.js FILE [ARGUMENTS…]. Node 20 does not
// read TypeScript, so esbuild bundles it first, packages left out.
import { mkdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [file, ...rest] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write('usage: node tools/run.js FILE [ARGUMENTS…]\n')
  process.exit(2)
}
const folder = join(root, 'node_modules', '.cache', 'posada-run')
mkdirSync(folder, { recursive: true })
const outfile = join(folder, `${basename(file, '.ts')}.mjs`)
await build({
  entryPoints: [resolve(file)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
})
process.argv.splice(1, 2 + rest.length, outfile, ...rest)
await import(pathToFileURL(outfile).href)
