import { BaseCommand } from '../../src/base-command.ts'
import type { CommandClass } from '../../tools/command-reference.ts'

type Flags = CommandClass['flags']

/** The command lines of posada in a piece of shell text: what stands behind `posada`, up to the command's end. */
export function commandLines(text: string): string[] {
  const starts = /(?:^|[\s(])(?:bin\/)?posada(?:\.js)?[ \t]+([^\n]*)/gm
  return [...text.matchAll(starts)].map((match) => (match[1] ?? '').split(/\s#|\s?(?:&&|[|;>)])/)[0] ?? '')
}

/**
 * What is wrong with a command line as a document writes it, or null. `whole` false: it is a mention
 * in a sentence, where arguments may be left out. Placeholders are arguments like any other.
 */
export function wrongIn(line: string, commands: readonly CommandClass[], whole: boolean): string | null {
  const words = line.trim().split(/\s+/)
  if (['--help', '--version', '__complete'].includes(words[0] ?? '')) return null
  const command = [2, 1].flatMap((length) => {
    const id = words.slice(0, length).join(' ')
    return commands.filter((one) => one.id === id)
  })[0]
  if (command === undefined) return `no command: ${words[0]}`
  const rest = words.slice(command.id.split(' ').length)
  const end = rest.indexOf('--')
  return wrongArguments(command, end === -1 ? rest : rest.slice(0, end), whole)
}

function wrongArguments(command: CommandClass, words: readonly string[], whole: boolean): string | null {
  const flags: Flags = { ...BaseCommand.baseFlags, ...command.flags }
  const given: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (!word.startsWith('-') || word === '-') {
      if (!word.startsWith('[')) given.push(word)
      continue
    }
    const [name = '', value] = word.split('=')
    const flag = flagOf(name, flags)
    if (flag === null) return `${command.id} has no flag ${name}`
    if (flag === 'option' && value === undefined) at += 1
    if (at >= words.length) return `${name} needs a value`
  }
  const args = Object.values(command.args ?? {})
  const most = args.some((arg) => arg.multiple === true) ? Number.POSITIVE_INFINITY : args.length
  const least = whole ? args.filter((arg) => arg.required === true).length : 0
  if (given.length > most) return `${command.id} takes ${most} arguments: ${given.join(' ')}`
  if (given.length < least) return `${command.id} needs ${least} arguments: ${given.join(' ')}`
  for (const [index, word] of given.entries()) {
    const options = args[index]?.options
    const isPlaceholder = word === word.toUpperCase() && word !== '-'
    if (options !== undefined && !isPlaceholder && !options.includes(word))
      return `${word} is not one of ${options.join(', ')}`
  }
  return null
}

/** The kind of a flag as written: `--force`, `-n`, `--no-provision`; null where there is none. */
function flagOf(written: string, flags: Flags): 'boolean' | 'option' | null {
  if (written === '--help' || written === '-h') return 'boolean'
  for (const [name, flag] of Object.entries(flags)) {
    const spellings = [`--${name}`, `-${flag.char}`]
    if (flag.type === 'boolean' && flag.allowNo === true) spellings.push(`--no-${name}`)
    if (spellings.includes(written)) return flag.type
  }
  return null
}
