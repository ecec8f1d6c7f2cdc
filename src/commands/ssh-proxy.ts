import * as Args from '@oclif/core/args'
import { BaseCommand } from '../base-command.ts'
import { sshProxy } from '../machine/index.ts'

export default class SshProxy extends BaseCommand {
  static override hidden = true
  static override summary =
    "Join standard input and output to a machine's SSH server, as OpenSSH's ProxyCommand for a machine without a port."
  static override args = {
    machine: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'A running machine, by its name in the manifest.',
    }),
  }

  protected override readonly interruptHint = null

  async run(): Promise<Record<string, never>> {
    const { args, flags } = await this.parse(SshProxy)
    const project = await this.openProject(flags)
    await sshProxy(project, args.machine, { input: process.stdin, output: process.stdout })
    return {}
  }
}
