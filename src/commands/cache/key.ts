import * as Flags from '@oclif/core/flags'
import { type CacheKey, cacheKey } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'

export default class CacheKeyCommand extends BaseCommand {
  static override summary = 'Print the key for caching boxes between CI jobs.'
  static override description =
    'The key changes with posada.lock, the boxes of the manifest and the version of Posada. --paths prints the folders to keep, one per line; --restore prints the prefix of older keys whose content is still useful.'
  static override examples = ['<%= config.bin %> cache key', '<%= config.bin %> cache key --paths']
  static override flags = {
    paths: Flags.boolean({ description: 'Print the folders to keep instead.' }),
    restore: Flags.boolean({
      description: 'Print the prefix of older keys instead.',
      exclusive: ['paths'],
    }),
  }

  async run(): Promise<CacheKey> {
    const { flags } = await this.parse(CacheKeyCommand)
    const { emit, signal } = this
    const { version } = this.config
    const place = { file: flags.file, cwd: process.cwd(), env: process.env }
    const found = await cacheKey({ ...place, emit, signal, version })
    this.print(flags.paths ? found.paths.join('\n') : flags.restore ? found.restore.join('\n') : found.key)
    return found
  }
}
