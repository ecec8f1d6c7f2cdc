import * as Args from '@oclif/core/args'
import { BaseCommand } from '../base-command.ts'
import { copyText, rawWords } from '../cli/index.ts'
import { copy } from '../machine/index.ts'

export default class Copy extends BaseCommand {
  static override summary = 'Copy a file or a folder between the host and a running machine.'
  static override description =
    "One of the two paths is MACHINE:PATH; a relative path in the guest starts in the login user's home."
  static override examples = [
    '<%= config.bin %> copy ./site web:/srv/site',
    '<%= config.bin %> copy db:/var/log/syslog .',
  ]
  static override args = {
    src: Args.string({
      description: 'What to copy: PATH or MACHINE:PATH.',
      required: true,
      ignoreStdin: true,
    }),
    dst: Args.string({ description: 'Where to: MACHINE:PATH or PATH.', required: true, ignoreStdin: true }),
  }

  protected override readonly interruptHint = null

  async run(): Promise<Awaited<ReturnType<typeof copy>>> {
    const { args, flags } = await this.parse(Copy)
    const project = await this.openProject(flags)
    const [from = args.src, to = args.dst] = rawWords([args.src, args.dst])
    const result = await copy(project, { from, to, cwd: process.cwd() })
    this.print(copyText(result))
    return result
  }
}
