import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Config } from '@oclif/core/config'
import { settings } from '@oclif/core/settings'
import { wantsHelp } from './argv.ts'
import { findCommand, unknownCommand } from './find-command.ts'
import { usageError } from './usage-error.ts'

/** Runs the command that the arguments name, or prints help. Throws what the command throws. */
export async function run(argv: string[], root: string): Promise<void> {
  settings.enableAutoTranspile = false
  // oclif asks the system for the user's shell, which fails for a user who is not listed, and uses it for nothing.
  process.env.SHELL ??= '/bin/sh'
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  // oclif would look into the user's data folder for plug-ins of its own, which Posada does not have.
  const config = await Config.load({ root, pjson, userPlugins: false })
  if (wantsHelp(argv)) return help(argv, config)
  const found = findCommand(argv, new Set(config.commandIDs))
  if (found.id !== null) return runCommand(config, found.id, found.argv)
  if (found.topic !== null && config.findTopic(found.topic) !== undefined) return help(argv, config)
  throw unknownCommand(argv, config.commands)
}

async function runCommand(config: Config, id: string, argv: string[]): Promise<void> {
  try {
    await config.runCommand(id, argv)
  } catch (error) {
    throw usageError(error, id) ?? error
  }
}

/** Help is loaded only where it is asked for. */
async function help(argv: readonly string[], config: Config): Promise<void> {
  const { runHelp } = await import('./help.ts')
  return runHelp(argv, config)
}
