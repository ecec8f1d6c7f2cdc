import * as Args from '@oclif/core/args'
import { BaseCommand } from '../base-command.ts'
import { type } from '../machine/index.ts'

export default class Type extends BaseCommand {
  static override summary = "Type a text at a machine's keyboard."
  static override description =
    'The machine needs a `display:` in the manifest. The keyboard has the US layout; a line feed in the text is Enter.'
  static override examples = ["<%= config.bin %> type web 'root'"]
  static override args = {
    machine: Args.string({
      description: 'A machine, by its name in the manifest.',
      required: true,
      ignoreStdin: true,
    }),
    text: Args.string({ description: 'What to type.', required: true, ignoreStdin: true }),
  }

  protected override readonly interruptHint = null

  async run(): Promise<{ machine: string; keys: number }> {
    const { args, flags } = await this.parse(Type)
    const project = await this.openProject(flags, { tolerant: true })
    return type(project, { machine: args.machine, text: args.text })
  }
}
