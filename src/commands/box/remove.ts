import * as Args from '@oclif/core/args'
import { type RemovedBox, removeBox } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'

export default class BoxRemove extends BaseCommand {
  static override summary = 'Remove a box from the store, unless machines still use it.'
  static override examples = [
    '<%= config.bin %> box remove debian/12@20260101',
    '<%= config.bin %> box remove team/shop',
  ]
  static override args = {
    box: Args.string({
      description: 'A name (all its versions), or debian/12@VERSION.',
      required: true,
      ignoreStdin: true,
    }),
  }

  async run(): Promise<{ removed: RemovedBox[] }> {
    const { args } = await this.parse(BoxRemove)
    const removed = await removeBox({ name: args.box, env: process.env })
    this.print(removed.map(({ name, version, arch }) => `${name} ${version} (${arch}) removed`).join('\n'))
    return { removed }
  }
}
