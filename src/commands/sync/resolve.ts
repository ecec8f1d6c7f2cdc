import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { PosadaError } from '../../errors/index.ts'
import { type ResolveResult, syncResolve } from '../../machine/index.ts'

const choices = ['mine', 'theirs', 'newest'] as const
const exclusive = (choice: string) => choices.filter((other) => other !== choice)

export default class SyncResolve extends BaseCommand {
  static override summary = 'Resolve conflicts: what was changed both on the host and in a machine.'
  static override description = 'The other version goes to the trash; posada sync restore gets it back.'
  static override examples = [
    "<%= config.bin %> sync resolve --mine '*'",
    "<%= config.bin %> sync resolve --newest --machine web 'src/**/*.js' package.json",
  ]
  static override args = {
    pattern: Args.string({
      required: true,
      multiple: true,
      ignoreStdin: true,
      description: 'Paths, or patterns as in .gitignore, relative to the folder.',
    }),
  }
  static override flags = {
    mine: Flags.boolean({ description: "Keep the host's version.", exclusive: exclusive('mine') }),
    theirs: Flags.boolean({ description: "Keep the machine's version.", exclusive: exclusive('theirs') }),
    newest: Flags.boolean({
      description: 'Keep what was changed last, by the clock of each side.',
      exclusive: exclusive('newest'),
    }),
    machine: Flags.string({
      description: 'Only this machine; may be given several times.',
      multiple: true,
      helpValue: 'MACHINE',
    }),
  }

  async run(): Promise<ResolveResult> {
    const { args, flags } = await this.parse(SyncResolve)
    const choice = choices.find((one) => flags[one])
    if (choice === undefined)
      throw new PosadaError(
        'E_USAGE',
        'give one of --mine, --theirs and --newest to say which version to keep',
      )
    const project = await this.openProject(flags)
    const result = await syncResolve(project, {
      machines: flags.machine ?? [],
      choice,
      patterns: args.pattern,
    })
    const later = result.waiting.length === 0 ? '' : `; ${result.waiting.join(', ')}: with the next posada up`
    this.print(`${result.resolved} settled${later}`)
    return result
  }
}
