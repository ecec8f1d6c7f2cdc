import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Config } from '@oclif/core/config'
import { settings } from '@oclif/core/settings'
import { wantsHelp } from './argv.ts'
import { findCommand, unknownCommand } from './find-command.ts'
import { usageError } from './usage-error.ts'

/** What loads the class of each command, by its name as oclif writes it: `box:list`. */
export type Commands = ReadonlyMap<string, () => Promise<{ default: CommandClass }>>

interface CommandClass {
  id: string
  run(argv: string[], config: Config): Promise<unknown>
}

/** Runs the command that the arguments name, or prints help. Throws what the command throws. */
export async function run(
  argv: string[],
  { root, commands }: { root: string; commands: Commands },
): Promise<void> {
  settings.enableAutoTranspile = false
  // oclif asks the system for the user's shell, which fails for a user who is not listed, and uses it for nothing.
  process.env.SHELL ??= '/bin/sh'
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  // oclif would look into the user's data folder for plug-ins of its own, which Posada does not have.
  const config = await Config.load({ root, pjson, userPlugins: false })
  if (wantsHelp(argv)) return help(argv, config)
  const found = findCommand(argv, commands)
  const load = found.id === null ? undefined : commands.get(found.id)
  if (found.id !== null && load !== undefined) {
    const { default: command } = await load()
    command.id = found.id
    return runCommand(command, found.argv, config)
  }
  if (found.topic !== null && config.findTopic(found.topic) !== undefined) return help(argv, config)
  throw unknownCommand(argv, config.commands)
}

async function runCommand(command: CommandClass, argv: string[], config: Config): Promise<void> {
  try {
    await command.run(argv, config)
  } catch (error) {
    throw usageError(error, command.id) ?? error
  }
}

/** Help is loaded only where it is asked for. */
async function help(argv: readonly string[], config: Config): Promise<void> {
  const { runHelp } = await import('./help.ts')
  return runHelp(argv, config)
}
