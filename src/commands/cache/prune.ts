import * as Flags from '@oclif/core/flags'
import { type LayerPruneResult, pruneLayers } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { layersPrunedText } from '../../cli/index.ts'

export default class CachePrune extends BaseCommand {
  static override summary = 'Remove layers that no machine needs.'
  static override description =
    'Their steps run again in the next machine that has them. Layers take at most 20 GiB together, or POSADA_CACHE_BUDGET; those used longest ago go first.'
  static override examples = [
    '<%= config.bin %> cache prune --dry-run',
    '<%= config.bin %> cache prune --to 5GiB',
  ]
  static override flags = {
    to: Flags.string({
      description: 'Stop when all layers together take this much; least recently used layers go first.',
      helpValue: 'SIZE',
    }),
    'dry-run': Flags.boolean({ description: 'Show what would be removed, and remove nothing.' }),
  }

  async run(): Promise<LayerPruneResult> {
    const { flags } = await this.parse(CachePrune)
    const dryRun = flags['dry-run']
    if (!dryRun) await this.sweepRuns()
    const result = await pruneLayers({ to: flags.to, dryRun, env: process.env })
    this.print(layersPrunedText(result, dryRun))
    return result
  }
}
