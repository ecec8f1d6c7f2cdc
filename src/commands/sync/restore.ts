import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { restoredText, trashText } from '../../cli/index.ts'
import { syncRestore, type TrashResult } from '../../machine/index.ts'

export default class SyncRestore extends BaseCommand {
  static override summary = 'Show what syncs replaced or deleted, or put it back into the folder of the host.'
  static override examples = ['<%= config.bin %> sync restore', '<%= config.bin %> sync restore src/index.js']
  static override args = {
    pattern: Args.string({
      multiple: true,
      ignoreStdin: true,
      description:
        'What to put back: paths, or patterns as in .gitignore; if none are given, the trash is listed.',
    }),
  }
  static override flags = {
    machine: Flags.string({
      description: 'Only this machine; may be given several times.',
      multiple: true,
      helpValue: 'MACHINE',
    }),
  }

  protected override readonly interruptHint = null

  async run(): Promise<{ restored: boolean; items: TrashResult[] }> {
    const { args, flags } = await this.parse(SyncRestore)
    const patterns = args.pattern ?? []
    const project = await this.openProject(flags)
    const items = await syncRestore(project, { machines: flags.machine ?? [], patterns })
    this.print(patterns.length === 0 ? trashText(items, this.paint) : restoredText(items))
    return { restored: patterns.length > 0, items }
  }
}
