import { BaseCommand } from '../../base-command.ts'
import { outdatedText } from '../../cli/text/boxes.ts'
import { type OutdatedBox, outdatedBoxes } from '../../machine/boxes/update-boxes.ts'

export default class BoxOutdated extends BaseCommand {
  static override summary = "Show which of the project's boxes have newer versions than posada.lock."

  async run(): Promise<{ boxes: OutdatedBox[] }> {
    const { flags } = await this.parse(BoxOutdated)
    const boxes = await outdatedBoxes(await this.openProject(flags))
    this.print(outdatedText(boxes, this.paint))
    return { boxes }
  }
}
