import { type BoxListing, listBoxes } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { boxesText } from '../../cli/index.ts'

export default class BoxList extends BaseCommand {
  static override summary = 'Show the boxes in the store, and the recipes to build others from.'
  static override examples = ['<%= config.bin %> box list', '<%= config.bin %> box list --json']

  async run(): Promise<BoxListing> {
    await this.parse(BoxList)
    const listing = await listBoxes(process.env)
    this.print(boxesText(listing, this.paint))
    return listing
  }
}
