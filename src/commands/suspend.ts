import { BaseCommand } from '../base-command.ts'
import { machinesArg, suspendText } from '../cli/index.ts'
import { type SuspendResult, suspend } from '../machine/index.ts'

export default class Suspend extends BaseCommand {
  static override summary = 'Save the memory of machines and stop them; posada resume continues from there.'
  static override examples = ['<%= config.bin %> suspend', '<%= config.bin %> suspend web']
  static override args = { machine: machinesArg }

  async run(): Promise<{ machines: SuspendResult[] }> {
    const { args, flags } = await this.parse(Suspend)
    const project = await this.openProject(flags, { tolerant: true })
    const machines = await suspend(project, args.machine ?? [])
    this.print(suspendText(machines))
    return { machines }
  }
}
