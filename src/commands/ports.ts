import { BaseCommand } from '../base-command.ts'
import { machinesArg, portsText } from '../cli/index.ts'
import { type PortsResult, ports } from '../machine/index.ts'

export default class Ports extends BaseCommand {
  static override summary = 'Show the ports of the host that lead into running machines.'
  static override examples = ['<%= config.bin %> ports', '<%= config.bin %> ports web']
  static override args = { machine: machinesArg }

  async run(): Promise<{ machines: PortsResult[] }> {
    const { args, flags } = await this.parse(Ports)
    const project = await this.openProject(flags)
    const machines = await ports(project, args.machine ?? [])
    this.print(portsText(machines, this.paint))
    return { machines }
  }
}
