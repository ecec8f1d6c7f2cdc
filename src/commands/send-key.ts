import * as Args from '@oclif/core/args'
import { BaseCommand } from '../base-command.ts'
import { sendKey } from '../machine/index.ts'

export default class SendKey extends BaseCommand {
  static override summary = "Press keys of a machine's keyboard."
  static override description =
    'The machine needs a `display:` in the manifest. Keys joined by - are held together; several arguments are pressed one after the other.'
  static override examples = [
    '<%= config.bin %> send-key web ctrl-alt-f2',
    '<%= config.bin %> send-key web down down enter',
  ]
  static override args = {
    machine: Args.string({
      description: 'A machine, by its name in the manifest.',
      required: true,
      ignoreStdin: true,
    }),
    keys: Args.string({
      description: 'Keys, such as enter or ctrl-alt-delete.',
      required: true,
      multiple: true,
      ignoreStdin: true,
    }),
  }

  protected override readonly interruptHint = null

  async run(): Promise<{ machine: string; keys: number }> {
    const { args, flags } = await this.parse(SendKey)
    const project = await this.openProject(flags, { tolerant: true })
    return sendKey(project, { machine: args.machine, keys: args.keys })
  }
}
