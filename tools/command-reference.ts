import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '@oclif/core/command'
import { BaseCommand } from '../src/base-command.ts'
import { type CommandGroup, inGroups } from '../src/cli/groups.ts'
import { packageRoot } from '../src/lib/files/package-root.ts'

export type CommandClass = Command.Class & { id: string }

/** docs/commands.md: every command with its arguments, flags and examples, from their definitions. */
export async function commandReference(): Promise<string> {
  const commands = await loadCommands()
  const shown = commands.filter((command) => command.hidden !== true)
  const groups = inGroups(shown.map(({ id }) => id))
  const ordered = groups.flatMap(({ commands: names }) =>
    names.flatMap((name) => shown.filter(({ id }) => id === name)),
  )
  return `# Commands

Machines are named by arguments; none means all of the project. The project is that of the \`posada.yaml\` in the
working folder or the nearest one above. Progress goes to stderr, the result to stdout.

| | |
|---|---|
${groups.map(groupRow).join('\n')}

## Flags of every command

${flagTable(BaseCommand.baseFlags)}
${ordered.map(section).join('\n')}`.replaceAll(/\n{3,}/g, '\n\n')
}

function groupRow({ title, commands }: CommandGroup): string {
  const links = commands.map((name) => `[${name}](#posada-${name.replaceAll(' ', '-')})`)
  return `| ${title} | ${links.join(', ')} |`
}

/** Every command class, hidden ones too, with the words of its name as id: `box build`. */
export async function loadCommands(): Promise<CommandClass[]> {
  const folder = join(packageRoot(), 'src', 'commands')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )
  return Promise.all(
    files.sort().map(async (file) => {
      const { default: command } = (await import(join(folder, file))) as { default: CommandClass }
      command.id = file.slice(0, -3).replaceAll('/', ' ')
      return command
    }),
  )
}

function section(command: CommandClass): string {
  const parts = [`\n## posada ${command.id}\n`, `${command.summary ?? ''}\n`]
  if (command.description !== undefined) parts.push(`${command.description}\n`)
  parts.push(`\`\`\`\nposada ${usage(command)}\n\`\`\`\n`)
  const args = Object.entries(command.args ?? {})
  if (args.length > 0) {
    const rows = args.map(([name, { description, options }]) => {
      const choice =
        options === undefined ? '' : ` One of: ${options.map((option) => `\`${option}\``).join(', ')}.`
      return `| \`${name.toUpperCase()}\` | ${description ?? ''}${choice} |`
    })
    parts.push(`| argument | |\n|---|---|\n${rows.join('\n')}\n`)
  }
  if (Object.keys(command.flags ?? {}).length > 0) parts.push(flagTable(command.flags))
  if (command.examples !== undefined) parts.push(examples(command.examples))
  return parts.join('\n')
}

function usage(command: CommandClass): string {
  if (typeof command.usage === 'string') return command.usage
  const args = Object.entries(command.args ?? {}).map(([name, { required, multiple }]) => {
    const word = `${name.toUpperCase()}${multiple === true ? '…' : ''}`
    return required === true ? word : `[${word}]`
  })
  const flags = Object.keys(command.flags ?? {}).length > 0 ? ['[flags]'] : []
  return [command.id, ...args, ...flags].join(' ')
}

function flagTable(flags: Command.Class['flags']): string {
  const rows = Object.entries(flags).map(([name, flag]) => {
    const short = flag.char === undefined ? '' : `\`-${flag.char}\`, `
    const value = flag.type === 'option' ? ` ${flag.helpValue ?? name.toUpperCase()}` : ''
    const long = flag.type === 'boolean' && flag.allowNo === true ? `--[no-]${name}` : `--${name}${value}`
    const standard =
      flag.type === 'option' && flag.default !== undefined ? ` (default: ${String(flag.default)})` : ''
    return `| ${short}\`${long}\` | ${flag.description ?? ''}${standard} |`
  })
  return `| flag | |\n|---|---|\n${rows.join('\n')}\n`
}

function examples(list: NonNullable<Command.Class['examples']>): string {
  const lines = list.flatMap((example) =>
    typeof example === 'string' ? [example] : [`# ${example.description}`, example.command],
  )
  return `\`\`\`sh\n${lines.join('\n').replaceAll('<%= config.bin %>', 'posada')}\n\`\`\`\n`
}
