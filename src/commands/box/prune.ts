import * as Flags from '@oclif/core/flags'
import { type PruneResult, pruneBoxes } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { confirm, pruneText } from '../../cli/index.ts'

export default class BoxPrune extends BaseCommand {
  static override summary = 'Take away the boxes that no machine needs.'
  static override description =
    'Boxes built here are built again, boxes from elsewhere fetched again when they are needed. To have it done whenever a box comes in set POSADA_BOX_BUDGET=40GiB.'
  static override flags = {
    keep: Flags.integer({
      description: 'Keep so many of the newest versions of each box.',
      min: 0,
      default: 0,
      helpValue: 'N',
    }),
    to: Flags.string({
      description: 'Stop when all boxes together take no more; those used longest ago go first.',
      helpValue: 'SIZE',
    }),
    'dry-run': Flags.boolean({ description: 'Say what would go, and remove nothing.' }),
    yes: Flags.boolean({ char: 'y', description: 'Do not ask.' }),
  }

  async run(): Promise<PruneResult> {
    const { flags } = await this.parse(BoxPrune)
    const { keep, to, yes, json } = flags
    const dryRun = flags['dry-run']
    const options = { keep, to, env: process.env }
    const planned = await pruneBoxes({ ...options, dryRun: true })
    if (!dryRun && planned.removed.length > 0) {
      const names = planned.removed.map(({ name, version }) => `${name}@${version}`).join(', ')
      await confirm({ question: `Remove ${names}?`, yes, json, signal: this.signal })
    }
    const result = dryRun ? planned : await pruneBoxes({ ...options, dryRun: false })
    this.print(pruneText(result, dryRun))
    return result
  }
}
