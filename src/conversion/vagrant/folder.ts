import { takeFolder } from '../folders.ts'
import type { Settings, Surroundings } from './settings.ts'
import { asGiven, asText, hashOf, listOf, type MadeCall, type Value } from './value.ts'

/**
 * `config.vm.synced_folder`; a text says why it is not carried over. Rsync copies one way, all others are live. Source:
 * developer.hashicorp.com, "Synced Folders: Basic Usage".
 */
export function readFolder(
  { args }: MadeCall,
  { machine }: Settings,
  around: Surroundings,
): string | undefined {
  const options = hashOf(args.at(-1)) ?? new Map<string, Value>()
  if (options.get('disabled') === true) return undefined
  const from = asGiven(args[0])
  if (from === undefined) return 'it is not known without running it'
  const lists = ['rsync__exclude', 'exclude'].map((key) => options.get(key))
  const exclude = lists.flatMap((list) => (listOf(list) ?? [list]).flatMap((one) => asText(one) ?? []))
  const once = asText(options.get('type')) === 'rsync'
  const reason = takeFolder(machine, { from: around.path(from), to: asText(args[1]), once, exclude })
  if (reason !== undefined) return reason
  const owned = ['owner', 'group', 'mount_options'].filter((key) => options.has(key))
  return owned.length === 0
    ? undefined
    : `the folder is carried over, without ${owned.join(', ')}: its files belong to the login user`
}
