import { BaseCommand } from '../../base-command.ts'
import { deletedText, machinesArg, snapshotArg } from '../../cli/index.ts'
import { snapshotDelete } from '../../machine/index.ts'

export default class SnapshotDelete extends BaseCommand {
  static override summary = 'Delete a snapshot; machines, and snapshots that came after it, are not touched.'
  static override examples = [
    '<%= config.bin %> snapshot delete clean',
    '<%= config.bin %> snapshot delete clean web',
  ]
  static override args = { name: snapshotArg, machine: machinesArg }

  async run(): Promise<{ deleted: { machine: string; name: string }[] }> {
    const { args, flags } = await this.parse(SnapshotDelete)
    const project = await this.openProject(flags, { tolerant: true })
    const deleted = await snapshotDelete(project, { name: args.name, machines: args.machine ?? [] })
    this.print(deletedText(deleted))
    return { deleted }
  }
}
