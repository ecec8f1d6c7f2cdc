import { BaseCommand } from '../../base-command.ts'
import { folderStatusesText, machinesArg } from '../../cli/index.ts'
import { type FolderStatus, syncStatus } from '../../machine/index.ts'

export default class SyncStatus extends BaseCommand {
  static override summary = 'Show the status of synced folders.'
  static override examples = ['<%= config.bin %> sync status', '<%= config.bin %> sync status web --json']
  static override args = { machine: machinesArg }

  protected override readonly interruptHint = null

  async run(): Promise<{ folders: FolderStatus[] }> {
    const { args, flags } = await this.parse(SyncStatus)
    const folders = await syncStatus(await this.openProject(flags), args.machine ?? [])
    this.print(folderStatusesText(folders, this.paint))
    return { folders }
  }
}
