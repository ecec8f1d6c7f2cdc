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

/** Whether help is asked for: no arguments at all, `help`, or `--help` before any `--`. */
export function wantsHelp(argv: readonly string[]): boolean {
  return argv.length === 0 || argv[0] === 'help' || hasFlag(argv, '--help', '-h')
}
