import { BaseCommand } from '../../base-command.ts'
import { machinesArg, snapshotsText } from '../../cli/index.ts'
import { type SnapshotResult, snapshotList } from '../../machine/index.ts'

export default class SnapshotList extends BaseCommand {
  static override summary = 'Show the snapshots of machines, and which came after which.'
  static override examples = ['<%= config.bin %> snapshot list', '<%= config.bin %> snapshot list web']
  static override args = { machine: machinesArg }

  async run(): Promise<{ snapshots: SnapshotResult[] }> {
    const { args, flags } = await this.parse(SnapshotList)
    const project = await this.openProject(flags, { tolerant: true })
    const snapshots = await snapshotList(project, args.machine ?? [])
    this.print(snapshotsText(snapshots, this.paint))
    return { snapshots }
  }
}
