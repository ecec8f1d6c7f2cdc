import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { machinesArg, trustFlag, upText } from '../cli/index.ts'
import { type UpMachineResult, up } from '../machine/index.ts'

export default class Up extends BaseCommand {
  static override summary = 'Create, start and provision machines.'
  static override description =
    'Machines that others depend on come first. Running it again leaves alone what fits the manifest.'
  static override examples = [
    '<%= config.bin %> up',
    '<%= config.bin %> up web',
    '<%= config.bin %> up --no-provision',
  ]
  static override args = { machine: machinesArg }
  static override flags = {
    yes: trustFlag,
    provision: Flags.boolean({ description: 'Run the provision steps.', allowNo: true, default: true }),
  }

  async run(): Promise<{ machines: UpMachineResult[] }> {
    const { args, flags } = await this.parse(Up)
    const project = await this.openProject(flags, { runs: true })
    await this.sweepRuns()
    const machines = await up(project, { machines: args.machine ?? [], provision: flags.provision })
    this.print(upText(machines))
    return { machines }
  }
}
