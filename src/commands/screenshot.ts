import * as Args from '@oclif/core/args'
import { BaseCommand } from '../base-command.ts'
import { machineArg } from '../cli/index.ts'
import { type ScreenshotResult, screenshot } from '../machine/index.ts'

export default class Screenshot extends BaseCommand {
  static override summary = "Save what is on a machine's screen as a PNG."
  static override description =
    'The machine needs a `display:` in the manifest. Without FILE the picture is NAME.png in the current folder.'
  static override examples = [
    '<%= config.bin %> screenshot web',
    '<%= config.bin %> screenshot web /tmp/boot.png',
  ]
  static override args = {
    machine: machineArg,
    file: Args.file({ ignoreStdin: true, description: 'Where to save it; an existing file is replaced.' }),
  }

  protected override readonly interruptHint = null

  async run(): Promise<ScreenshotResult> {
    const { args, flags } = await this.parse(Screenshot)
    const project = await this.openProject(flags, { tolerant: true })
    const taken = await screenshot(project, { machine: args.machine, file: args.file ?? null })
    this.print(`${taken.file}: ${taken.width}x${taken.height}`)
    return taken
  }
}
