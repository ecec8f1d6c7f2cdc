import * as Flags from '@oclif/core/flags'
import { type CacheKey, cacheKey } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'

export default class CacheKeyCommand extends BaseCommand {
  static override summary = 'Print the key under which a CI job keeps its boxes between runs.'
  static override description =
    'It changes when posada.lock or the boxes of the manifest do, and with the version of Posada. --paths prints what is to be kept, a folder a line, --restore the beginning of older keys whose content still helps.'
  static override examples = ['<%= config.bin %> cache key', '<%= config.bin %> cache key --paths']
  static override flags = {
    paths: Flags.boolean({ description: 'Print the folders to keep instead.' }),
    restore: Flags.boolean({
      description: 'Print the beginning of older keys instead.',
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
