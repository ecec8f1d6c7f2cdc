import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { init } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'
import { PosadaError } from '../errors/index.ts'

export default class Init extends BaseCommand {
  static override summary = 'Write a posada.yaml to start from.'
  static override examples = [
    '<%= config.bin %> init',
    '<%= config.bin %> init multi',
    '<%= config.bin %> init minimal -',
    '<%= config.bin %> init --from Vagrantfile',
  ]
  static override args = {
    template: Args.string({
      description: 'The template to start from, "default" if none is given; an unknown name lists them all.',
      ignoreStdin: true,
    }),
    output: Args.string({
      description: 'Give - to print the manifest instead of writing it.',
      options: ['-'],
      ignoreStdin: true,
    }),
  }
  static override flags = {
    from: Flags.string({
      description:
        'Make the manifest from a Vagrantfile, devcontainer.json, lima.yaml, compose.yaml or cloud-config; nothing in it is run.',
      helpValue: 'FILE',
    }),
    force: Flags.boolean({ description: 'Replace an existing manifest.' }),
  }

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Init)
    const toStdout = args.output === '-' || args.template === '-'
    const template = args.template === '-' ? undefined : args.template
    if (flags.from !== undefined && template !== undefined) throw fromAndTemplate(template)
    const result = await init({
      source: flags.from === undefined ? { template: template ?? 'default' } : { from: flags.from },
      file: flags.file,
      cwd: process.cwd(),
      env: process.env,
      force: flags.force,
      write: !toStdout,
    })
    if (toStdout) this.print(result.text)
    else this.print(written(result))
    return result
  }
}

function written({ file, leftOut }: Awaited<ReturnType<typeof init>>): string {
  if (leftOut.length === 0)
    return `${file} written, and posada.schema.json beside it for editors; edit it, then run posada up`
  const things = leftOut.length === 1 ? 'one thing' : `${leftOut.length} things`
  return `${file} written; ${things} could not be carried over, see its comments; edit it, then run posada up`
}

function fromAndTemplate(template: string): PosadaError {
  return new PosadaError('E_USAGE', 'a template and --from cannot be combined', {
    value: template,
    hint: 'use one or the other',
  })
}
