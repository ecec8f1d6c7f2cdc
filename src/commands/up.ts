import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { checkPrune, destroyText, machinesArg, pruneFlag, trustFlag, upText } from '../cli/index.ts'
import { type DestroyResult, destroyOrphans, type UpMachineResult, up } from '../machine/index.ts'

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
    host: Flags.string({
      description: 'Make new machines on this host, by SSH.',
      helpValue: 'ssh://USER@SERVER',
    }),
    yes: trustFlag,
    provision: Flags.boolean({ description: 'Run the provision steps.', allowNo: true, default: true }),
    prune: pruneFlag,
    cold: Flags.boolean({
      description:
        'Boot suspended machines from their disks and discard their saved memory, and new ones in place of a warm start.',
    }),
  }

  async run(): Promise<{ machines: UpMachineResult[]; pruned?: DestroyResult[] }> {
    const { args, flags } = await this.parse(Up)
    checkPrune(flags, args.machine ?? [])
    const project = await this.openProject(flags, {
      runs: true,
      ...(flags.host === undefined ? {} : { host: flags.host }),
    })
    await this.sweepRuns()
    const pruned = flags.prune ? await destroyOrphans(project) : []
    const { provision, cold, prune } = flags
    const machines = await up(project, { machines: args.machine ?? [], provision, cold, prune })
    if (project.warm.wanted.size > 0) {
      const { makeWanted } = await import('../app/index.ts')
      makeWanted(project, process.env)
    }
    this.print([...(pruned.length === 0 ? [] : [destroyText(pruned)]), upText(machines)].join('\n'))
    return { machines, ...(flags.prune ? { pruned } : {}) }
  }
}
