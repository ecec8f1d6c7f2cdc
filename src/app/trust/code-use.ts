import { createHash } from 'node:crypto'
import type { HostUse } from './agreed.ts'
import { digestTree } from './digest-tree.ts'

export type PluginKind = 'provider' | 'provisioner'

/** The code of a plug-in that the project has brought. E_OWNER, E_UNTRUSTED. */
export function pluginUse(name: string, folder: string, kind: PluginKind = 'provider'): Promise<HostUse> {
  return codeUse(`loads the ${kind} ${name} from ${folder}`, [folder])
}

/** Code in folders, by its content. */
export async function codeUse(what: string, folders: readonly string[]): Promise<HostUse> {
  const hash = createHash('sha256').update(what)
  for (const folder of folders) hash.update(await digestTree(folder))
  return { what, digest: hash.digest('hex') }
}
