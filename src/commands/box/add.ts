import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { add, type BoxResult } from '../../app/boxes.ts'
import { BaseCommand } from '../../base-command.ts'
import { boxText } from '../../cli/text/boxes.ts'

export default class BoxAdd extends BaseCommand {
  static override summary = 'Add a box to the store, from its folder or an archive of it.'
  static override args = {
    source: Args.string({
      description: 'A folder with a box.json, or a .tar, .tar.gz or .tar.zst of one.',
      required: true,
      ignoreStdin: true,
    }),
  }
  static override flags = {
    force: Flags.boolean({ description: 'Replace a box of the same name and version.' }),
  }

  async run(): Promise<BoxResult> {
    const { args, flags } = await this.parse(BoxAdd)
    const { emit, signal } = this
    const box = await add({
      source: args.source,
      force: flags.force,
      cwd: process.cwd(),
      env: process.env,
      emit,
      signal,
    })
    this.print(boxText(box))
    return box
  }
}
