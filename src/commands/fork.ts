import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { forkSource, forksText } from '../cli/index.ts'
import { type ForkResult, fork } from '../machine/index.ts'

export default class Fork extends BaseCommand {
  static override summary = 'Make a copy of the whole project, with its networks, side by side with it.'
  static override description =
    "Its machines go on from the memory of the project's, or of a snapshot, each with an identity of its own. Reach them with --project NAME."
  static override examples = [
    '<%= config.bin %> fork --name review',
    '<%= config.bin %> fork --count 3 @clean',
    '<%= config.bin %> destroy --project review',
  ]
  static override args = {
    source: Args.string({
      ignoreStdin: true,
      description:
        'A snapshot, as @NAME, or FORK@NAME for one of a fork; the machines as they are when left out.',
    }),
  }
  static override flags = {
    name: Flags.string({ description: 'Its name; fork-1, fork-2… by default.', helpValue: 'NAME' }),
    count: Flags.integer({ description: 'How many to make.', default: 1, min: 1, max: 1000, helpValue: 'N' }),
  }

  async run(): Promise<{ forks: ForkResult[] }> {
    const { args, flags } = await this.parse(Fork)
    const { project, snapshot } = forkSource(args.source)
    const here = await this.openProject(flags, { runs: true })
    const isOther = project !== undefined && project !== here.manifest.name
    const from = isOther ? await this.openProject({ ...flags, project }, { runs: true }) : here
    const { name, count } = flags
    const forks = await fork(from, { name, count, snapshot })
    this.print(forksText(forks))
    return { forks }
  }
}
