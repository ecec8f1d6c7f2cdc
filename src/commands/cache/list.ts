import { type CacheListing, listCache } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { cacheText } from '../../cli/index.ts'

export default class CacheList extends BaseCommand {
  static override summary = 'Show the layers and warm images that new machines start from.'
  static override description =
    'A layer is a disk as it was after a provision step with "cache: true". New machines with the same box and the same steps start from it. A warm image is the memory of a machine that was up: new machines with the same box and hardware go on from it, in place of a boot.'
  static override examples = ['<%= config.bin %> cache list', '<%= config.bin %> cache list --json']

  async run(): Promise<CacheListing> {
    await this.parse(CacheList)
    const listing = await listCache(process.env)
    this.print(cacheText(listing, this.paint))
    return listing
  }
}
