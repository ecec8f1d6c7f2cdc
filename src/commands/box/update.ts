import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'
import { updateText } from '../../cli/text/boxes.ts'
import { type UpdatedBox, updateBoxes } from '../../machine/boxes/update-boxes.ts'

export default class BoxUpdate extends BaseCommand {
  static override summary = "Move posada.lock to the newest versions of the project's boxes, and fetch them."
  static override description =
    'Machines that were made stay on the box they were made from; posada destroy, then up, makes them anew.'
  static override args = {
    box: Args.string({
      description: 'Boxes, as the manifest names them; all when none is given.',
      ignoreStdin: true,
      multiple: true,
    }),
  }

  async run(): Promise<{ boxes: UpdatedBox[] }> {
    const { args, flags } = await this.parse(BoxUpdate)
    const boxes = await updateBoxes(await this.openProject(flags), args.box ?? [])
    this.print(updateText(boxes))
    return { boxes }
  }
}
