import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { folderStatusText, machinesArg, syncText, trustFlag } from '../cli/index.ts'
import { errorCodes, isPosadaError, PosadaError } from '../errors/index.ts'
import { type FolderResult, sync, watchSync } from '../machine/index.ts'

export default class Sync extends BaseCommand {
  static override summary = 'Sync the folders of running machines with those of the host now.'
  static override description =
    'Folders of type mirror are kept in sync while the machine runs anyway; folders of type once are copied again.'
  static override examples = ['<%= config.bin %> sync', '<%= config.bin %> sync web --watch']
  static override args = { machine: machinesArg }
  static override flags = {
    yes: trustFlag,
    watch: Flags.boolean({ description: 'Then show the status of the folders, until Ctrl-C.' }),
  }

  async run(): Promise<{ machines: { name: string; folders: FolderResult[] }[] }> {
    const { args, flags } = await this.parse(Sync)
    if (flags.watch && flags.json)
      throw new PosadaError('E_USAGE', '--watch has no end, and --json prints one document')
    const project = await this.openProject(flags, { runs: true })
    const names = args.machine ?? []
    const machines = await sync(project, names)
    this.print(syncText(machines))
    if (!flags.watch) return { machines }
    try {
      return await watchSync(project, names, (status) => this.print(folderStatusText(status)))
    } catch (error) {
      // It is how one leaves.
      if (isPosadaError(error, 'E_INTERRUPTED')) this.exit(errorCodes.E_INTERRUPTED.exit)
      throw error
    }
  }
}
