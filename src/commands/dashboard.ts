import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { type DashboardResult, dashboard } from '../dashboard/index.ts'

export default class Dashboard extends BaseCommand {
  static override summary = 'Serve a page that shows and works all machines of this user, until Ctrl-C.'
  static override description =
    'The page is served on 127.0.0.1. The link that is printed is good once; whoever opens it can do what you can do with Posada.'
  static override examples = ['<%= config.bin %> dashboard']
  static override flags = {
    port: Flags.integer({
      description: 'The port of 127.0.0.1; any free one unless given.',
      min: 1,
      max: 65_535,
      helpValue: 'PORT',
    }),
  }

  protected override readonly interruptHint = null

  async run(): Promise<void> {
    const { flags } = await this.parse(Dashboard)
    const onReady = (result: DashboardResult) => {
      if (flags.json) super.logJson(result)
      else this.print(`Open ${result.link}\nThe link is good once. Ctrl-C ends the dashboard.`)
    }
    const { signal } = this
    await dashboard({ cwd: process.cwd(), env: process.env, signal, port: flags.port ?? null, onReady })
  }

  /** It was printed as soon as the page was served. */
  override logJson(): void {
    // Nothing is left to print.
  }
}
