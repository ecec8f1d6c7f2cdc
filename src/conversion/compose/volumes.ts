import type { Node } from '../../manifest/index.ts'
import type { DraftMachine } from '../draft.ts'
import { takeFolder } from '../folders.ts'
import { inFolder } from '../foreign-file.ts'
import { textOf, under } from '../nodes.ts'

/** An item of a service's `volumes`; a text says why it is not carried over. Source: docs.docker.com, "volumes". */
export function readVolume(item: Node, folder: string, machine: DraftMachine): string | undefined {
  const text = textOf(item)
  const [source = '', to, options = ''] =
    text === undefined
      ? ['source', 'target', 'read_only'].map((key) => textOf(under(item, key)) ?? '')
      : text.split(':')
  if (`${source}${to ?? ''}`.includes('${')) return 'it has variables in its path'
  if (to === undefined || !/^(\.{0,2}\/|\.{1,2}$)/.test(source))
    return 'a volume: what is in it lies on the disk of the machine'
  // Which of the two it is cannot be looked up: nothing but this file is read.
  if (/[^/.][^/]*\.[A-Za-z0-9]+$/.test(source)) return 'it looks like a file: use a step with file:'
  const once = options.split(',').includes('ro') || options === 'true'
  return takeFolder(machine, { from: [inFolder(folder, source)], to, once })
}
