import type { Config } from '@oclif/core/config'
import { Help } from '@oclif/core/help'

/** Prints the help of the command that the arguments name, or the list of commands. */
export async function runHelp(argv: readonly string[], config: Config): Promise<void> {
  // oclif colours by supports-color, which does not know NO_COLOR. See https://no-color.org
  if ((process.env.NO_COLOR ?? '') !== '') process.env.FORCE_COLOR = '0'
  await new Help(config, { maxWidth: 100 }).showHelp(subject(argv, config))
}

/** The words that name a command or a group of commands; none for the list of all. */
function subject(argv: readonly string[], config: Config): string[] {
  const words = argv.filter((word) => !word.startsWith('-'))
  const name = words[0] === 'help' ? words.slice(1) : words
  for (const length of [2, 1]) {
    const id = name.slice(0, length).join(':')
    if (config.findCommand(id) !== undefined || config.findTopic(id) !== undefined) return [id]
  }
  return name.slice(0, 1)
}
