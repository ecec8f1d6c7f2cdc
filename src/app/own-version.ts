import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../lib/files/package-root.ts'

/** The version of this Posada, as its package.json has it. */
export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string
  }
  return version
}
