import { commonFlags } from '../find-command.ts'

/** What is needed of oclif.manifest.json. */
export interface Surface {
  commands: Record<string, SurfaceCommand>
}

export interface SurfaceCommand {
  id: string
  hidden?: boolean
  summary?: string
  args: Record<string, { name: string; multiple?: boolean; options?: string[] }>
  flags: Record<string, SurfaceFlag>
}

export interface SurfaceFlag {
  name: string
  char?: string
  description?: string
  type: 'boolean' | 'option'
  allowNo?: boolean
  options?: string[]
}

/** What a shell wants to have completed. */
export type CompletionRequest = { word: string; file: string | undefined } & (
  | { kind: 'command'; before: string }
  | { kind: 'flag'; command: SurfaceCommand; given: string[] }
  | { kind: 'flag-value'; command: SurfaceCommand; flag: string }
  | { kind: 'arg'; command: SurfaceCommand; arg: string; given: string[] }
  | { kind: 'nothing' }
)

/** Finds out what the last of the words stands for. Pure. */
export function completionRequest(words: readonly string[], { commands }: Surface): CompletionRequest {
  const word = words.at(-1) ?? ''
  const whole = words.slice(0, -1)
  const file = fileGiven(whole)
  const before = whole.slice(commonFlags(whole).length)
  const base = { word, file }
  const command = commands[before.slice(0, 2).join(':')] ?? commands[before[0] ?? '']
  if (command === undefined) {
    const isGroup = before.length === 1 && Object.keys(commands).some((id) => id.startsWith(`${before[0]}:`))
    if (before.length === 0 || isGroup) return { ...base, kind: 'command', before: before.join(' ') }
    return { ...base, kind: 'nothing' }
  }
  if (before.includes('--')) return { ...base, kind: 'nothing' }
  const rest = before.slice(command.id.split(':').length)
  const last = rest.at(-1)
  const open = last === undefined ? undefined : flagTakingValue(last, command)
  if (open !== undefined) return { ...base, kind: 'flag-value', command, flag: open }
  if (word.startsWith('-')) return { ...base, kind: 'flag', command, given: rest }
  const given = positionals(rest, command)
  const names = Object.values(command.args)
  const arg = names[given.length] ?? (names.at(-1)?.multiple === true ? names.at(-1) : undefined)
  return arg === undefined
    ? { ...base, kind: 'nothing' }
    : { ...base, kind: 'arg', command, arg: arg.name, given }
}

function flagTakingValue(word: string, { flags }: SurfaceCommand): string | undefined {
  const flag = Object.values(flags).find(
    ({ name, char }) => word === `--${name}` || (char !== undefined && word === `-${char}`),
  )
  return flag?.type === 'option' ? flag.name : undefined
}

function positionals(words: readonly string[], command: SurfaceCommand): string[] {
  return words.filter((word, index) => {
    const previous = words[index - 1]
    return (
      !word.startsWith('-') && (previous === undefined || flagTakingValue(previous, command) === undefined)
    )
  })
}

function fileGiven(words: readonly string[]): string | undefined {
  const long = words.findLast((word) => word.startsWith('--file='))
  if (long !== undefined) return long.slice('--file='.length)
  const at = words.findLastIndex((word) => word === '--file' || word === '-f')
  return at === -1 ? undefined : words[at + 1]
}
