import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { machinesArg, newSnapshotArg, savedText } from '../../cli/index.ts'
import { type SavedResult, snapshotSave } from '../../machine/index.ts'

export default class SnapshotSave extends BaseCommand {
  static override summary =
    'Save machines as they are now: their disks and, if they are running, their memory.'
  static override description =
    'Machines that run stand still meanwhile, all together, and then go on; connections to them end.'
  static override examples = [
    '<%= config.bin %> snapshot save clean',
    '<%= config.bin %> snapshot save small web db',
    "<%= config.bin %> snapshot save loaded --note 'with the data of November'",
  ]
  static override args = {
    name: newSnapshotArg,
    machine: machinesArg,
  }
  static override flags = {
    note: Flags.string({ description: 'A note that posada snapshot list shows.', helpValue: 'TEXT' }),
  }

  async run(): Promise<{ snapshots: SavedResult[] }> {
    const { args, flags } = await this.parse(SnapshotSave)
    const project = await this.openProject(flags)
    const { note } = flags
    const snapshots = await snapshotSave(project, { name: args.name, note, machines: args.machine ?? [] })
    this.print(savedText(snapshots))
    return { snapshots }
  }
}
