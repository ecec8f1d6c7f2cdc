import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { checkPrune, machinesArg, planText, pruneFlag } from '../cli/index.ts'
import { type PlanResult, plan } from '../machine/index.ts'

/** What `--exit-code` says where `up` would change something: neither a failure (1) nor a wrong manifest (2). */
const exitOfChanges = 3

export default class Plan extends BaseCommand {
  static override summary = 'Show what posada up would do, and why.'
  static override description =
    'Compares the manifest with posada.lock and the state of the machines. Changes nothing and fetches nothing new. Includes the machines that others depend on.'
  static override examples = [
    '<%= config.bin %> plan',
    '<%= config.bin %> plan web --json',
    '<%= config.bin %> plan --exit-code',
  ]
  static override args = { machine: machinesArg }
  static override flags = {
    provision: Flags.boolean({ description: 'Include the provision steps.', allowNo: true, default: true }),
    prune: pruneFlag,
    'exit-code': Flags.boolean({
      description: `Exit with ${exitOfChanges} if posada up would change something.`,
    }),
  }

  async run(): Promise<PlanResult> {
    const { args, flags } = await this.parse(Plan)
    checkPrune(flags, args.machine ?? [])
    const project = await this.openProject(flags)
    const result = await plan(project, {
      machines: args.machine ?? [],
      provision: flags.provision,
      prune: flags.prune,
    })
    this.print(planText(result, this.paint))
    if (flags['exit-code'] && result.changes) process.exitCode = exitOfChanges
    return result
  }
}
