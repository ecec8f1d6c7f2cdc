import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { findProgram } from '../../src/lib/process/find-program.ts'

/**
 * Puts a program of this host into a folder with all libraries that it needs, so that it runs in any guest of the
 * same architecture, from `/tmp/<name>/<name>`.
 */
export async function carryProgram(name: string, folder: string): Promise<void> {
  const program = findProgram(name)
  if (program === null) throw new Error(`${name} is not installed`)
  mkdirSync(folder, { recursive: true })
  const { stdout } = await execa('ldd', [program])
  const libraries = stdout.split('\n').flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? [])
  for (const library of libraries) copyFileSync(library, join(folder, basename(library)))
  copyFileSync(program, join(folder, `${name}.bin`))
  const loader = libraries.map((library) => basename(library)).find((file) => file.startsWith('ld-'))
  const here = `/tmp/${name}`
  const line = `exec ${here}/${loader} --library-path ${here} ${here}/${name}.bin "$@"`
  writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`)
  for (const file of [name, `${name}.bin`, loader ?? name]) chmodSync(join(folder, file), 0o755)
}
