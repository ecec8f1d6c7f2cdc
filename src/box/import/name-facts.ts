import { basename } from 'node:path'
import { namePattern, normalVersion } from '../../lib/values/box-names.ts'
import type { BoxFacts } from '../model.ts'

/**
 * Name and version of a box whose file says neither: what is known from outside, else `local/<file>`
 * and a version made of the file's digest, so that the same file is the same box wherever it is added.
 */
export function nameFacts(
  facts: BoxFacts,
  file: { shown: string; sha256: string },
): { name: string; version: string } {
  const name = facts.name?.toLowerCase()
  return {
    name: name !== undefined && namePattern.test(name) ? name : `local/${slug(file.shown)}`,
    version: normalVersion(facts.version ?? '') ?? `0.${Number.parseInt(file.sha256.slice(0, 12), 16)}`,
  }
}

function slug(shown: string): string {
  const name = basename(shown)
    .toLowerCase()
    .replace(/(\.(box|tar|tgz|gz|xz|zst|qcow2|img|raw|vmdk|vdi|vhdx?))+$/, '')
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64)
  return name === '' ? 'box' : name
}
