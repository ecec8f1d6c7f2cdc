// `npm run build`: bundles src into dist/, and writes oclif.manifest.json and the types of the
// provider contract. Why it is built so, and what it costs to start: docs/decisions/start-time.md.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { writeContractTypes } from './build-types.js'
import { bundleProcesses } from './bundle-processes.js'
import { writeCommandManifest } from './command-manifest.js'
import { deferred } from './deferred.js'
import { modules } from './entries.js'
import { hub } from './hub.js'
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

function commandEntries() {
  const folder = join(root, 'src', 'commands')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const commands = files.filter((file) => file.endsWith('.ts'))
  return Object.fromEntries(commands.map((file) => [`commands/${file.slice(0, -3)}`, join(folder, file)]))
}

async function bundle(entryPoints, plugins) {
  const result = await build({
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
    plugins: [deferred, ...plugins],
    logLevel: 'warning',
    // The hub's imports bring nothing along; they only lead there (tools/hub.js).
    logOverride: { 'ignored-bare-import': 'silent' },
    metafile: true,
    write: false,
  })
  return result
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
    if (entry.startsWith('commands') || !young) rmSync(path, { force: true })
  }
}

const { main, ...others } = modules
const commands = commandEntries()
const { plugin, first } = hub(root, Object.values(commands))
const line = await bundle({ main, ...commands }, [throughDoors({ first }), plugin])
writeFileSync(prepare(join(dist, 'meta.json')), JSON.stringify(line.metafile))
const apart = await bundle(others, [throughDoors()])
const files = [...line.outputFiles, ...apart.outputFiles, ...(await bundleProcesses(root, dist))]
write(files)
sweep(files)
const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
await writeCommandManifest(root, pjson)
writeContractTypes(root)
