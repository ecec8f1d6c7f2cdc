import { BaseCommand } from '../base-command.ts'
import { restoredSnapshotsText, rewindArg } from '../cli/index.ts'
import { type RestoredResult, rewind } from '../machine/index.ts'

export default class Rewind extends BaseCommand {
  static override summary = 'Restore all machines to the snapshot ready, or another, without asking.'
  static override description =
    'For tests: bring the machines up, save them with posada snapshot save ready, and rewind between tests. Changes made since then are lost.'
  static override examples = ['<%= config.bin %> rewind', '<%= config.bin %> rewind loaded']
  static override args = { name: rewindArg }

  async run(): Promise<{ machines: RestoredResult[] }> {
    const { args, flags } = await this.parse(Rewind)
    const project = await this.openProject(flags)
    const machines = await rewind(project, args.name)
    this.print(restoredSnapshotsText(machines))
    return { machines }
  }
}
