// `npm run build`: bundles src into dist/, and writes oclif.manifest.json and the types of the
// provider contract. Why it is built so, and what it costs to start: docs/decisions/start-time.md.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { writeContractTypes } from './build-types.js'
import { bundlePage } from './bundle-page.js'
import { bundleProcesses } from './bundle-processes.js'
import { bundleCommandLine } from './command-line.js'
import { writeCommandManifest } from './command-manifest.js'
import { commandLine, launcher, modules, processes } from './entries.js'
import { throughDoors } from './through-doors.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')

/** Native code and development tools: found in node_modules at run time, where at all. */
const EXTERNAL = ['koffi', 'cpu-features', '*.node', 'typescript']

/** CommonJS packages inside the bundle call require() for Node's own modules. */
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module'",
  'const require = __createRequire(import.meta.url)',
].join('\n')

async function bundle(entryPoints) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: dist,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    chunkNames: 'chunks/[name]-[hash]',
    external: EXTERNAL,
    banner: { js: BANNER },
    define: { __dirname: '""', __filename: '""' },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    plugins: [throughDoors],
    logLevel: 'warning',
    write: false,
  })
  return outputFiles
}

function prepare(path) {
  mkdirSync(dirname(path), { recursive: true })
  return path
}

/** Chunks are named by their content and come first, so whoever starts meanwhile finds a whole program. */
function write(files) {
  const isEntry = (file) => !file.path.includes('/chunks/')
  for (const file of [...files].sort((a, b) => Number(isEntry(a)) - Number(isEntry(b)))) {
    const temporary = `${prepare(file.path)}.${randomBytes(4).toString('hex')}.tmp`
    writeFileSync(temporary, file.contents)
    renameSync(temporary, file.path)
  }
}

/** Removes what no longer belongs there. Chunks stay an hour for programs that still run. */
function sweep(files) {
  const wanted = new Set(files.map((file) => relative(dist, file.path)))
  for (const entry of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const path = join(dist, entry)
    if (wanted.has(entry) || !/\.(js|cjs|tmp)$/.test(entry)) continue
    const young = Date.now() - statSync(path).mtimeMs < 3_600_000
    if (!young) rmSync(path, { force: true })
  }
}

const files = [
  ...(await bundle(modules)),
  ...(await bundleProcesses(root, dist, { ...launcher, ...processes })),
  ...(await bundlePage(root, join(dist, 'dashboard'))),
  ...(await bundleCommandLine(root, { main: commandLine, outdir: dist, external: EXTERNAL })),
]
write(files)
sweep(files)
await writeCommandManifest(root)
writeContractTypes(root)
