import * as Args from '@oclif/core/args'
import { type OfferedBox, searchBoxes } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { offeredText } from '../../cli/index.ts'

export default class BoxSearch extends BaseCommand {
  static override summary = 'Show the boxes that are available by name.'
  static override description =
    'Recipes and the catalogue of cloud images that come with Posada; nothing is fetched. "posada box list" shows what is in the store.'
  static override examples = ['<%= config.bin %> box search', '<%= config.bin %> box search ubuntu']
  static override args = {
    name: Args.string({
      description: 'Words from the name or description; all boxes by default.',
      ignoreStdin: true,
    }),
  }

  async run(): Promise<{ boxes: OfferedBox[] }> {
    const { args } = await this.parse(BoxSearch)
    const boxes = await searchBoxes(args.name, process.env)
    this.print(offeredText(boxes, args.name, this.paint))
    return { boxes }
  }
}
