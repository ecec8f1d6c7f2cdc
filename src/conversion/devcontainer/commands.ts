import type { Entry, Node } from '../../manifest/index.ts'
import type { DraftStep, LeftOut } from '../draft.ts'
import { entriesOf, itemsOf, lineOf, textOf } from '../nodes.ts'

/** What is said of where commands run. */
interface Circumstances {
  run?: 'always'
  leftOut: LeftOut[]
}

/**
 * The steps of a command: a text is for the shell, a list is run as it is, a mapping has several by name. Source:
 * containers.dev, "Formatting string vs. array properties".
 */
export function commandSteps({ key, value }: Entry, { run, leftOut }: Circumstances): DraftStep[] {
  const step = (name: string, node: Node, line: number): DraftStep[] => {
    const script = scriptOf(node)
    if (script === undefined) return []
    if (script.includes('${'))
      leftOut.push({ what: `variables in ${name}`, line, reason: 'the shell of the guest reads them' })
    return [{ name, shell: { inline: script }, ...(run && { run }) }]
  }
  if (value.kind !== 'map') return step(key, value, lineOf(value.span))
  return entriesOf(value).flatMap((entry) => step(`${key} ${entry.key}`, entry.value, lineOf(entry.keySpan)))
}

function scriptOf(node: Node): string | undefined {
  if (node.kind !== 'list') {
    const text = textOf(node)
    return text === undefined || text.trim() === '' ? undefined : text
  }
  const words = itemsOf(node).flatMap((item) => textOf(item) ?? [])
  return words.length === 0 ? undefined : words.map(shellWord).join(' ')
}

/** A word that a shell takes as it is. */
function shellWord(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
