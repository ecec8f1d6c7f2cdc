import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Plugin } from '@oclif/core/config'
import { settings } from '@oclif/core/settings'

/** What oclif takes the built commands from. */
class Built extends Plugin {
  async loadCommandsFromTarget() {
    const { commands } = createRequire(import.meta.url)(join(this.root, 'dist', 'posada.cjs'))
    const loaded = [...commands].map(async ([id, load]) => [id, (await load()).default])
    return Object.fromEntries(await Promise.all(loaded))
  }
}

/**
 * Writes oclif.manifest.json: every command's arguments, flags and texts, so that the command line
 * finds a command without importing all of them.
 */
export async function writeCommandManifest(root) {
  settings.enableAutoTranspile = false
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  pjson.oclif.commands = { strategy: 'explicit', target: './dist/posada.cjs' }
  const plugin = new Built({
    root,
    pjson,
    type: 'core',
    isRoot: true,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  })
  await plugin.load()
  const path = join(root, 'oclif.manifest.json')
  writeFileSync(`${path}.tmp`, `${JSON.stringify(plugin.manifest, null, 2)}\n`)
  renameSync(`${path}.tmp`, path)
}
