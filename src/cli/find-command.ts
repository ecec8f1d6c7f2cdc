import { PosadaError } from '../errors/index.ts'
import { nearest } from '../lib/text/suggest.ts'
import { translated } from './foreign-commands.ts'

export interface FoundCommand {
  /** As oclif writes it: `box:list`; null where no command fits. */
  id: string | null
  /** The first word, where there is one: it may name a group of commands. */
  topic: string | null
  /** What is left for the command. Common flags given before its name come first. */
  argv: string[]
}

const switches = new Set(['--json', '--debug', '--no-color'])
const withValue = new Set(['--file', '-f', '--project', '-p'])

/** Finds the longest command name at the start of the arguments; common flags may stand before it. */
export function findCommand(argv: readonly string[], ids: { has(id: string): boolean }): FoundCommand {
  const before = commonFlags(argv)
  const words = argv.slice(before.length)
  for (const length of [2, 1]) {
    const id = words.slice(0, length).join(':')
    if (words.length >= length && ids.has(id)) {
      return { id, topic: words[0] ?? null, argv: [...before, ...words.slice(length)] }
    }
  }
  return { id: null, topic: words.length === 1 ? (words[0] ?? null) : null, argv: [] }
}

/** The common flags that stand before a command's name. */
export function commonFlags(argv: readonly string[]): string[] {
  let end = 0
  for (let flag = argv[end]; flag !== undefined; flag = argv[end]) {
    if (switches.has(flag) || flag.startsWith('--file=')) end += 1
    else if (withValue.has(flag)) end += 2
    else break
  }
  return argv.slice(0, end)
}

/** The error for arguments that name no command: with the nearest command there is. */
export function unknownCommand(
  argv: readonly string[],
  commands: readonly { id: string; hidden?: boolean }[],
): PosadaError {
  const words = argv.slice(commonFlags(argv).length).filter((word) => !word.startsWith('-'))
  const names = commands.filter((command) => command.hidden !== true).map(({ id }) => id.replaceAll(':', ' '))
  const given = words[0] ?? argv[0] ?? ''
  const inGroup = names.some((name) => name.startsWith(`${given} `))
  const value = inGroup ? words.slice(0, 2).join(' ') : given
  const near = translated(value) ?? nearest(value, names)
  const help = inGroup ? `${given} --help` : '--help'
  const message = given.startsWith('-')
    ? `there is no flag ${given} without a command`
    : `there is no command '${value}'`
  return new PosadaError('E_USAGE', message, {
    value,
    hint: near === undefined ? `posada ${help} lists the commands` : `did you mean: posada ${near}?`,
  })
}
