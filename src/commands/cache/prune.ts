import * as Flags from '@oclif/core/flags'
import { type CachePruneResult, pruneCache } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { cachePrunedText } from '../../cli/index.ts'

export default class CachePrune extends BaseCommand {
  static override summary = 'Remove warm images, and layers that no machine needs.'
  static override description =
    'Steps of a layer run again in the next machine that has them; a warm image is made again after the next boot that it would have spared. Both take at most 20 GiB together, or POSADA_CACHE_BUDGET; those used longest ago go first, warm images before layers.'
  static override examples = [
    '<%= config.bin %> cache prune --dry-run',
    '<%= config.bin %> cache prune --to 5GiB',
  ]
  static override flags = {
    to: Flags.string({
      description:
        'Stop when all together take this much; warm images go first, then layers, each the least recently used.',
      helpValue: 'SIZE',
    }),
    'dry-run': Flags.boolean({ description: 'Show what would be removed, and remove nothing.' }),
  }

  async run(): Promise<CachePruneResult> {
    const { flags } = await this.parse(CachePrune)
    const dryRun = flags['dry-run']
    if (!dryRun) await this.sweepRuns()
    const result = await pruneCache({ to: flags.to, dryRun, env: process.env })
    this.print(cachePrunedText(result, dryRun))
    return result
  }
}
