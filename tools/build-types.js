import { spawnSync } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What `posada/provider`, `posada/provisioner` and `posada/test` declare: the contracts and all that they name. */
const SOURCES = ['src/provider', 'src/provisioners/plugin', 'src/errors', 'src/events', 'src/testing']
const CONTRACTS = ['src/provider/index.ts', 'src/provisioners/plugin/contract.ts', 'src/testing/contract.ts']

/** Writes dist/types/, the types of what the package exports, unless they are newer than their sources. */
export function writeContractTypes(root) {
  const stamp = join(root, 'dist', 'types', '.stamp')
  if (newest(root) < (statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0)) return
  const options = [
    '--noEmit',
    'false',
    '--emitDeclarationOnly',
    '--declaration',
    '--outDir',
    'dist/types',
    '--rootDir',
    '.',
  ]
  const shared = [
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--strict',
    '--skipLibCheck',
    '--types',
    'node',
  ]
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const flags = [...options, ...shared, '--allowImportingTsExtensions', ...CONTRACTS]
  const { status } = spawnSync(process.execPath, [tsc, ...flags], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error('the types of what the package exports could not be written')
  writeFileSync(stamp, '')
}

function newest(root) {
  const files = SOURCES.flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(root, folder, name)),
  )
  return Math.max(...files.map((file) => statSync(file).mtimeMs))
}
