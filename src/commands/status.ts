import { BaseCommand } from '../base-command.ts'
import { machinesArg, statusText } from '../cli/index.ts'
import { type StatusResult, status } from '../machine/index.ts'

export default class Status extends BaseCommand {
  static override summary = 'Show the machines of this project and their state.'
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status web --json']
  static override args = { machine: machinesArg }

  async run(): Promise<{ project: string; root: string; machines: StatusResult[] }> {
    const { args, flags } = await this.parse(Status)
    const project = await this.openProject(flags, { tolerant: true })
    const machines = await status(project, args.machine ?? [])
    this.print(statusText(machines, this.paint))
    return { project: project.manifest.name, root: project.manifest.root, machines }
  }
}
