import * as Args from '@oclif/core/args'
import { BaseCommand } from '../base-command.ts'
import { completionScript, type Shell, shells } from '../cli/index.ts'

export default class Completion extends BaseCommand {
  static override summary = 'Print a script that teaches a shell to complete commands, machines and boxes.'
  static override examples = [
    { description: 'bash, in ~/.bashrc', command: 'source <(<%= config.bin %> completion bash)' },
    { description: 'zsh, in ~/.zshrc after compinit', command: 'source <(<%= config.bin %> completion zsh)' },
    {
      description: 'fish',
      command: '<%= config.bin %> completion fish > ~/.config/fish/completions/posada.fish',
    },
  ]
  static override args = {
    shell: Args.string({
      description: 'The shell.',
      required: true,
      ignoreStdin: true,
      options: [...shells],
    }),
  }

  async run(): Promise<{ shell: string; script: string }> {
    const { args } = await this.parse(Completion)
    const script = completionScript(args.shell as Shell)
    this.print(script)
    return { shell: args.shell, script }
  }
}
