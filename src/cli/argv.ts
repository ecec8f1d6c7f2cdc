/** Whether a flag is given, looking no further than `--`: what follows belongs to the guest. */
export function hasFlag(argv: readonly string[], ...names: string[]): boolean {
  const end = argv.indexOf('--')
  const own = end === -1 ? argv : argv.slice(0, end)
  return own.some((word) => names.includes(word))
}

/** Parts the arguments at the first `--`; `command` is null where there is none. */
export function splitAtDashes(argv: readonly string[]): { own: string[]; command: string[] | null } {
  const at = argv.indexOf('--')
  if (at === -1) return { own: [...argv], command: null }
  return { own: argv.slice(0, at), command: argv.slice(at + 1) }
}

/** What of a flag says whether the next word belongs to it. */
interface FlagKind {
  type: 'boolean' | 'option'
  char?: string
}

/**
 * Parts the arguments where a command for the guest begins: behind `--`, else at the first word that is neither a
 * flag nor a flag's value.
 */
export function splitAtCommand(
  argv: readonly string[],
  flags: Readonly<Record<string, FlagKind>>,
): { own: string[]; command: string[] } {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    if (word === '--') return { own: argv.slice(0, at), command: argv.slice(at + 1) }
    if (!word.startsWith('-') || word === '-') return { own: argv.slice(0, at), command: argv.slice(at) }
    if (takesNext(word, flags)) at += 1
  }
  return { own: [...argv], command: [] }
}

function takesNext(word: string, flags: Readonly<Record<string, FlagKind>>): boolean {
  if (word.startsWith('--')) return !word.includes('=') && flags[word.slice(2)]?.type === 'option'
  const [name] = Object.entries(flags).find(([, { char }]) => char === word[1]) ?? []
  return name !== undefined && word.length === 2 && flags[name]?.type === 'option'
}

/** Whether help is asked for: no arguments at all, `help`, or `--help` before any `--`. */
export function wantsHelp(argv: readonly string[]): boolean {
  return argv.length === 0 || argv[0] === 'help' || hasFlag(argv, '--help', '-h')
}
