import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { machinesArg, provisionText, trustFlag } from '../cli/index.ts'
import { type ProvisionResult, provision } from '../machine/index.ts'

export default class Provision extends BaseCommand {
  static override summary = 'Run the provision steps that are due in running machines.'
  static override examples = [
    '<%= config.bin %> provision',
    '<%= config.bin %> provision web --step nginx --force',
    '<%= config.bin %> provision --from nginx --force',
  ]
  static override args = { machine: machinesArg }
  static override flags = {
    yes: trustFlag,
    step: Flags.string({
      description: 'Only the step of this name.',
      helpValue: 'NAME',
      exclusive: ['from'],
    }),
    from: Flags.string({ description: 'Only the step of this name and those after it.', helpValue: 'NAME' }),
    force: Flags.boolean({ description: 'Run steps that were done already, too.' }),
  }

  async run(): Promise<{ machines: { name: string; steps: ProvisionResult[] }[] }> {
    const { args, flags } = await this.parse(Provision)
    const project = await this.openProject(flags, { runs: true })
    const { step, from, force } = flags
    const only = { ...(step === undefined ? {} : { step }), ...(from === undefined ? {} : { from }) }
    const machines = await provision(project, { machines: args.machine ?? [], force, ...only })
    this.print(provisionText(machines))
    return { machines }
  }
}
