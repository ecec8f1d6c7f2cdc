import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Plugin } from '@oclif/core/config'
import { settings } from '@oclif/core/settings'

/**
 * Writes oclif.manifest.json: every command's arguments, flags and texts, so that the command line
 * finds a command without importing all of them.
 */
export async function writeCommandManifest(root, pjson) {
  settings.enableAutoTranspile = false
  const plugin = new Plugin({
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
