import * as Flags from '@oclif/core/flags'
import { type PruneResult, pruneBoxes } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { confirm, pruneText } from '../../cli/index.ts'

export default class BoxPrune extends BaseCommand {
  static override summary = 'Remove unused boxes.'
  static override description =
    'Boxes are built or fetched again when they are needed. To prune whenever a box is added, set POSADA_BOX_BUDGET=40GiB.'
  static override examples = [
    '<%= config.bin %> box prune --dry-run',
    '<%= config.bin %> box prune --keep 1 --yes',
    '<%= config.bin %> box prune --to 20GiB',
  ]
  static override flags = {
    keep: Flags.integer({
      description: 'Keep this many of the newest versions of each box.',
      min: 0,
      default: 0,
      helpValue: 'N',
    }),
    to: Flags.string({
      description: 'Stop when all boxes together take this much; least recently used boxes go first.',
      helpValue: 'SIZE',
    }),
    'dry-run': Flags.boolean({ description: 'Show what would be removed, and remove nothing.' }),
    yes: Flags.boolean({ char: 'y', description: 'Do not ask.' }),
  }

  async run(): Promise<PruneResult> {
    const { flags } = await this.parse(BoxPrune)
    const { keep, to, yes, json } = flags
    const dryRun = flags['dry-run']
    const { emit, signal } = this
    const options = { keep, to, env: process.env, emit, signal }
    if (!dryRun) await this.sweepRuns()
    const planned = await pruneBoxes({ ...options, dryRun: true })
    if (!dryRun && planned.removed.length > 0) {
      const names = planned.removed.map(({ name, version }) => `${name}@${version}`).join(', ')
      await confirm({ question: `Remove ${names}?`, yes, json, signal })
    }
    const result = dryRun ? planned : await pruneBoxes({ ...options, dryRun: false })
    this.print(pruneText(result, dryRun))
    return result
  }
}
