import { type LayerListing, listLayers } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { layersText } from '../../cli/index.ts'

export default class CacheList extends BaseCommand {
  static override summary = 'Show the layers that new machines start from.'
  static override description =
    'A layer is a disk as it was after a provision step with "cache: true". New machines with the same box and the same steps start from it.'
  static override examples = ['<%= config.bin %> cache list', '<%= config.bin %> cache list --json']

  async run(): Promise<LayerListing> {
    await this.parse(CacheList)
    const listing = await listLayers(process.env)
    this.print(layersText(listing, this.paint))
    return listing
  }
}
