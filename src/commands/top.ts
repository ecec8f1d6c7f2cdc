import { type ProjectStats, top } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'
import { type Graphs, graphsOf, statsText, topRows, watchTable } from '../cli/index.ts'
import { errorCodes } from '../errors/index.ts'

/** Milliseconds between two looks. */
const interval = { once: 1000, watch: 2000 }

export default class Top extends BaseCommand {
  static override summary = 'Show what the machines of all projects use, busiest first, until Ctrl-C.'
  static override description =
    'The columns are those of `posada stats`, which shows one project. With --json it looks once and prints one document.'
  static override examples = ['<%= config.bin %> top', '<%= config.bin %> top --json']

  protected override readonly interruptHint = null

  async run(): Promise<{ projects: ProjectStats[] }> {
    const { flags } = await this.parse(Top)
    const { emit, signal } = this
    const common = { env: process.env, emit, signal }
    if (flags.json) return { projects: await top({ ...common, interval: interval.once, watch: false }) }
    this.endProgress()
    let graphs: Graphs = new Map()
    await watchTable((show, live) => {
      const onLook = (projects: ProjectStats[]) => {
        const rows = topRows(projects)
        graphs = graphsOf(graphs, rows)
        show(rows.length === 0 ? 'no machines\n' : statsText(rows, this.paint, live ? graphs : undefined))
      }
      return top({ ...common, interval: interval.watch, watch: true, onLook })
    })
    return this.exit(errorCodes.E_INTERRUPTED.exit)
  }
}
