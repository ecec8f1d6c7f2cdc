import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * Bundles the dashboard's page, and returns its files unwritten: all in one folder, for that is all that is served. What
 * shows terminals and screens is loaded when one is looked at. Licences of what is in it are beside it.
 */
export async function bundlePage(root, outdir) {
  const folder = join(root, 'src', 'dashboard', 'page')
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { main: join(folder, 'main.tsx'), style: join(folder, 'style.css') },
    outdir,
    bundle: true,
    splitting: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    chunkNames: '[name]-[hash]',
    minify: true,
    legalComments: 'linked',
    logLevel: 'warning',
    write: false,
  })
  const page = { path: join(outdir, 'index.html'), contents: readFileSync(join(folder, 'index.html')) }
  return [...outputFiles, page]
}
