import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { type Graphs, graphsOf, machinesArg, prometheusText, statsText, watchTable } from '../cli/index.ts'
import { errorCodes, PosadaError } from '../errors/index.ts'
import { type StatsResult, stats } from '../machine/index.ts'

/** Milliseconds between two looks. */
const interval = { once: 1000, watch: 2000 }

export default class Stats extends BaseCommand {
  static override summary = 'Show how much CPU, memory, disk and network machines use.'
  static override description =
    'CPU is a percentage of one processor. MEMORY is what the machine uses of this host, and what the guest was given. The network is traffic to the outside; private networks are not counted.'
  static override examples = [
    '<%= config.bin %> stats',
    '<%= config.bin %> stats web --watch',
    '<%= config.bin %> stats --prometheus > /var/lib/node_exporter/posada.prom',
  ]
  static override args = { machine: machinesArg }
  static override flags = {
    watch: Flags.boolean({ char: 'w', description: 'Refresh every 2 s, until Ctrl-C.' }),
    prometheus: Flags.boolean({
      description: 'Print totals as metrics for Prometheus.',
      exclusive: ['watch', 'json'],
    }),
  }

  async run(): Promise<{ project: string; machines: StatsResult[] }> {
    const { args, flags } = await this.parse(Stats)
    const { watch, json, prometheus } = flags
    if (watch && json) throw new PosadaError('E_USAGE', '--watch has no end, and --json prints one document')
    const project = await this.openProject(flags, { tolerant: true })
    const { name } = project.manifest
    const machines = args.machine ?? []
    if (watch)
      await this.watch((onLook) => stats(project, { machines, watch, interval: interval.watch, onLook }))
    const found = await stats(project, { machines, watch, interval: prometheus ? 0 : interval.once })
    this.print(prometheus ? prometheusText(name, found) : statsText(found, this.paint))
    return { project: name, machines: found }
  }

  private async watch(work: (onLook: (found: StatsResult[]) => void) => Promise<unknown>): Promise<never> {
    this.endProgress()
    let graphs: Graphs = new Map()
    await watchTable((show, live) =>
      work((found) => {
        graphs = graphsOf(graphs, found)
        show(statsText(found, this.paint, live ? graphs : undefined))
      }),
    )
    return this.exit(errorCodes.E_INTERRUPTED.exit)
  }
}
