import { BaseCommand } from '../../base-command.ts'
import { conflictsText, machinesArg } from '../../cli/index.ts'
import { type ConflictResult, syncConflicts } from '../../machine/index.ts'

export default class SyncConflicts extends BaseCommand {
  static override summary = 'List what was changed both on the host and in a machine.'
  static override description =
    'Each side keeps its own version until the conflict is resolved with posada sync resolve.'
  static override examples = [
    '<%= config.bin %> sync conflicts',
    '<%= config.bin %> sync conflicts web --json',
  ]
  static override args = { machine: machinesArg }

  protected override readonly interruptHint = null

  async run(): Promise<{ conflicts: ConflictResult[] }> {
    const { args, flags } = await this.parse(SyncConflicts)
    const conflicts = await syncConflicts(await this.openProject(flags), args.machine ?? [])
    this.print(conflictsText(conflicts, this.paint))
    return { conflicts }
  }
}
