import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { init } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'

export default class Init extends BaseCommand {
  static override summary = 'Write a posada.yaml to start from.'
  static override examples = [
    '<%= config.bin %> init',
    '<%= config.bin %> init multi',
    '<%= config.bin %> init minimal -',
  ]
  static override args = {
    template: Args.string({
      description: 'The template to start from; an unknown name lists them all.',
      default: 'default',
      ignoreStdin: true,
    }),
    output: Args.string({
      description: 'Give - to print the manifest instead of writing it.',
      options: ['-'],
      ignoreStdin: true,
    }),
  }
  static override flags = {
    force: Flags.boolean({ description: 'Replace an existing manifest.' }),
  }

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Init)
    const toStdout = args.output === '-' || args.template === '-'
    const result = await init({
      template: args.template === '-' ? 'default' : args.template,
      file: flags.file,
      cwd: process.cwd(),
      force: flags.force,
      write: !toStdout,
    })
    if (toStdout) this.print(result.text)
    else this.print(`${result.file} written; edit it, then run posada up`)
    return result
  }
}
