import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/** Builds test/helpers/sync-engine.ts, a program that keeps a pair equal until it is ended, in a folder; returns where. */
export async function buildEngine(folder: string): Promise<string> {
  const outfile = join(folder, 'engine.mjs')
  await build({
    entryPoints: ['test/helpers/sync-engine.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
  })
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  return outfile
}
