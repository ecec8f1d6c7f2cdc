import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import {
  completionScript,
  type InstalledFile,
  installCompletion,
  installedText,
  loginShell,
  shells,
} from '../cli/index.ts'

export default class Completion extends BaseCommand {
  static override summary = 'Print or install completion of commands, machines and boxes for a shell.'
  static override description =
    'With --install it is written where the shell finds it; .bashrc or .zshrc gets one line, which is not added twice. Without, the script is printed.'
  static override examples = [
    '<%= config.bin %> completion --install',
    '<%= config.bin %> completion zsh --install',
    { description: 'bash, in ~/.bashrc, by hand', command: 'source <(<%= config.bin %> completion bash)' },
  ]
  static override args = {
    shell: Args.string({
      description: 'The shell; with --install your login shell unless given.',
      ignoreStdin: true,
      options: [...shells],
    }),
  }
  static override flags = {
    install: Flags.boolean({ description: 'Set it up for this user.' }),
  }

  async run(): Promise<{ shell: string; script: string; installed: InstalledFile[] }> {
    const { args, flags } = await this.parse(Completion)
    const shell = shells.find((one) => one === args.shell) ?? loginShell(process.env)
    const script = completionScript(shell)
    const installed = flags.install ? await installCompletion(shell, process.env) : []
    this.print(flags.install ? installedText(shell, installed) : script)
    return { shell, script, installed }
  }
}
