import * as Args from '@oclif/core/args'
import { type VerifiedBox, verifyBoxes } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { verifyText } from '../../cli/index.ts'

export default class BoxVerify extends BaseCommand {
  static override summary = 'Check every file of the boxes in the store against its hash.'
  static override description = 'Exits with 1 if a box is damaged.'
  static override examples = ['<%= config.bin %> box verify', '<%= config.bin %> box verify debian/12']
  static override args = {
    box: Args.string({
      description: 'A name (all its versions), or debian/12@VERSION; all boxes by default.',
      ignoreStdin: true,
    }),
  }

  async run(): Promise<{ boxes: VerifiedBox[] }> {
    const { args } = await this.parse(BoxVerify)
    const { emit, signal } = this
    const boxes = await verifyBoxes({ name: args.box, env: process.env, emit, signal })
    this.print(verifyText(boxes, this.paint))
    if (boxes.some(({ problem }) => problem !== null)) process.exitCode = 1
    return { boxes }
  }
}
