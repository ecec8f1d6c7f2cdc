import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { machinesArg, trustFlag, upText } from '../cli/index.ts'
import { reload, type UpMachineResult } from '../machine/index.ts'

export default class Reload extends BaseCommand {
  static override summary = 'Shut machines down and start them again with what the manifest says now.'
  static override examples = ['<%= config.bin %> reload web', '<%= config.bin %> reload --no-provision']
  static override args = { machine: machinesArg }
  static override flags = {
    yes: trustFlag,
    force: Flags.boolean({ description: 'Cut the power instead of asking the guest.' }),
    provision: Flags.boolean({ description: 'Run the provision steps.', allowNo: true, default: true }),
  }

  async run(): Promise<{ machines: UpMachineResult[] }> {
    const { args, flags } = await this.parse(Reload)
    const project = await this.openProject(flags, { runs: true })
    const { force, provision } = flags
    const machines = await reload(project, { machines: args.machine ?? [], force, provision })
    this.print(upText(machines))
    return { machines }
  }
}
