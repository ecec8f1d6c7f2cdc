import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { haltText, machinesArg } from '../cli/index.ts'
import { type HaltResult, halt } from '../machine/index.ts'

export default class Halt extends BaseCommand {
  static override summary = 'Shut machines down; their disks stay.'
  static override examples = [
    '<%= config.bin %> halt',
    '<%= config.bin %> halt web',
    "<%= config.bin %> halt 'web-*' --force",
  ]
  static override args = { machine: machinesArg }
  static override flags = {
    force: Flags.boolean({ description: 'Cut the power instead of asking the guest.' }),
  }

  async run(): Promise<{ machines: HaltResult[] }> {
    const { args, flags } = await this.parse(Halt)
    const project = await this.openProject(flags, { tolerant: true })
    const machines = await halt(project, { machines: args.machine ?? [], force: flags.force })
    this.print(haltText(machines))
    return { machines }
  }
}
