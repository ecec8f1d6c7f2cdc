import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { machinesArg, statusText, stepsText } from '../cli/index.ts'
import { type StatusResult, status } from '../machine/index.ts'

export default class Status extends BaseCommand {
  static override summary = 'Show the machines of this project and their state.'
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status web --json',
    '<%= config.bin %> status --steps',
  ]
  static override args = { machine: machinesArg }
  static override flags = {
    steps: Flags.boolean({
      description: 'Show each provision step: when it was done, and whether it is due.',
    }),
  }

  async run(): Promise<{ project: string; root: string; machines: StatusResult[] }> {
    const { args, flags } = await this.parse(Status)
    const project = await this.openProject(flags, { tolerant: true })
    const machines = await status(project, { machines: args.machine ?? [], steps: flags.steps })
    this.print(statusText(machines, this.paint))
    if (flags.steps) this.print(stepsText(machines, this.paint))
    return { project: project.manifest.name, root: project.manifest.root, machines }
  }
}
