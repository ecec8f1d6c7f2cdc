import type { Config } from '@oclif/core/config'
import { Help } from '@oclif/core/help'
import { inGroups } from './groups.ts'

/** Prints the help of the command that the arguments name, or the list of commands. */
export async function runHelp(argv: readonly string[], config: Config): Promise<void> {
  // oclif colours by supports-color, which does not know NO_COLOR. See https://no-color.org
  if ((process.env.NO_COLOR ?? '') !== '') process.env.FORCE_COLOR = '0'
  await new GroupedHelp(config, { maxWidth: 100 }).showHelp(subject(argv, config))
}

const firstSteps = [
  ['posada init', 'write a posada.yaml'],
  ['posada up', 'create, start and provision its machines'],
  ['posada ssh', 'open a shell in one'],
  ['posada destroy', 'remove them'],
]

/** The list of commands in groups, box and network commands with the others; the rest is oclif's. */
class GroupedHelp extends Help {
  protected override async showRootHelp(): Promise<void> {
    const summaries = new Map(
      this.sortedCommands.map((command) => [command.id.replaceAll(':', ' '), this.summary(command)]),
    )
    const list = (rows: (string | undefined)[][]) => this.renderList(rows, { spacer: '\n', indentation: 2 })
    const sections = [
      this.formatRoot(),
      this.section('FIRST STEPS', list(firstSteps)),
      ...inGroups([...summaries.keys()]).map(({ title, commands }) =>
        this.section(title.toUpperCase(), list(commands.map((name) => [name, summaries.get(name)]))),
      ),
      'posada COMMAND --help shows the arguments, flags and examples of a command.',
    ]
    this.log(sections.join('\n\n'))
  }
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
