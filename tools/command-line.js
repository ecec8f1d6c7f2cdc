import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bundleCommonJs } from './bundle-processes.js'
import { apart, packagesApart } from './packages-apart.js'
import { throughDoors } from './through-doors.js'

/**
 * Bundles the command line with all its commands into one file of CommonJS, and large packages into others beside it;
 * returns them unwritten. `posada.cjs` exports what `main` does, and `commands`: a Map from names as oclif writes them to
 * functions that load their modules.
 */
export async function bundleCommandLine(root, { main, outdir, external }) {
  const common = { absWorkingDir: root, external, define: { __dirname: '""', __filename: '""' } }
  const line = await bundleCommonJs({
    ...common,
    stdin: { contents: `export * from './${main}'\n${listOfCommands(root)}`, resolveDir: root, loader: 'ts' },
    outfile: join(outdir, 'posada.cjs'),
    plugins: [packagesApart, throughDoors],
    // Node cannot import from compiled code that was kept: src/lib/process/load-program.ts.
    supported: { 'dynamic-import': false },
  })
  const others = Object.entries(apart).map(([name, contents]) =>
    bundleCommonJs({
      ...common,
      stdin: { contents, resolveDir: root },
      outfile: join(outdir, 'packages', `${name}.cjs`),
    }),
  )
  return [...line, ...(await Promise.all(others)).flat()]
}

function listOfCommands(root) {
  const files = readdirSync(join(root, 'src', 'commands'), { recursive: true, encoding: 'utf8' })
  const names = files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -3))
  const lines = names.map(
    (name) => `['${name.replaceAll('/', ':')}', () => import('./src/commands/${name}.ts')],`,
  )
  return `export const commands = new Map([\n${lines.sort().join('\n')}\n])`
}
