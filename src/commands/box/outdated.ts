import { BaseCommand } from '../../base-command.ts'
import { outdatedText } from '../../cli/index.ts'
import { type OutdatedLock, outdatedLock } from '../../machine/index.ts'

export default class BoxOutdated extends BaseCommand {
  static override summary = 'Show which boxes, base manifests and scripts are newer than in posada.lock.'
  static override description = 'A base manifest or script is newer if its URL has other content now.'
  static override examples = ['<%= config.bin %> box outdated']

  async run(): Promise<OutdatedLock> {
    const { flags } = await this.parse(BoxOutdated)
    const outdated = await outdatedLock(
      await this.openProject(flags, { fetches: true, movesFile: () => true }),
    )
    this.print(outdatedText(outdated, this.paint))
    return outdated
  }
}
