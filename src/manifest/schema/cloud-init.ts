import { cloudConfigText } from '../cloud-config.ts'
import type { MapNode } from '../source/node.ts'
import { either } from './collections.ts'
import { hostPath } from './places.ts'
import { wrongType } from './scalars.ts'
import { text } from './text.ts'
import type { Context, Schema } from './types.ts'

/** What cloud-init takes for these keys and for nothing else; of others it says itself what is wrong. */
const kinds: Record<string, 'list' | 'map'> = {
  apt: 'map',
  bootcmd: 'list',
  ca_certs: 'map',
  chpasswd: 'map',
  growpart: 'map',
  mounts: 'list',
  ntp: 'map',
  packages: 'list',
  power_state: 'map',
  runcmd: 'list',
  snap: 'map',
  ssh_authorized_keys: 'list',
  ssh_keys: 'map',
  swap: 'map',
  write_files: 'list',
  yum_repos: 'map',
}

const cloudConfig: Schema<{ inline: string }> = {
  label: 'cloud-config',
  check: (node, context, owner) => {
    if (node.kind !== 'map') return wrongType({ node, context, owner }, 'a cloud-config: a mapping of keys')
    return checkKinds(node, context) ? { inline: cloudConfigText(node) } : undefined
  },
  json: () => ({ type: 'object' }),
}

function checkKinds(node: MapNode, context: Context): boolean {
  let sound = true
  for (const { key, keySpan, value } of node.entries.values()) {
    const kind = Object.hasOwn(kinds, key) ? kinds[key] : undefined
    if (kind === undefined || value.kind === kind) continue
    const expected = kind === 'list' ? `${key}: a list` : `${key}: a mapping of keys`
    const hint = kind === 'list' ? "begin each item with '- '" : undefined
    wrongType({ node: value, context, owner: keySpan }, expected, hint)
    sound = false
  }
  return sound
}

const inlineText = text({ label: 'user-data', expected: 'user-data', minLength: 1, verbatim: true })

/** A text of several lines, or one that begins as user-data does, is user-data itself. */
const textOrPath: Schema<{ inline: string } | { path: string }> = {
  label: 'path or text',
  check: (node, context, owner) => {
    const isText = node.kind === 'scalar' && typeof node.value === 'string' && /\n|^#/.test(node.value)
    const read = (isText ? inlineText : hostPath).check(node, context, owner)
    if (read === undefined) return undefined
    return isText ? { inline: read } : { path: read }
  },
  json: () => ({ type: 'string', minLength: 1 }),
}

/** `cloud_init:`: a cloud-config as a mapping, user-data as a text, or the path of a file of it. */
export const cloudInit = either(textOrPath, cloudConfig)
