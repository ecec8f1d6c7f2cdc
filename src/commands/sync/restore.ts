import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { restoredText, trashText } from '../../cli/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { syncRestore, type TrashResult } from '../../machine/index.ts'

function timeOf(text: string): number {
  const time = /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?Z?)?$/.test(text)
    ? Date.parse(`${text.replace(' ', 'T').replace(/Z$/, '')}${text.length > 10 ? 'Z' : ''}`)
    : Number.NaN
  if (!Number.isNaN(time)) return time
  throw new PosadaError('E_USAGE', `${text} is not a time`, {
    value: text,
    hint: 'write 2026-11-28 14:05:00',
  })
}

export default class SyncRestore extends BaseCommand {
  static override summary = 'Show what syncs replaced or deleted, or put it back into the folder of the host.'
  static override description =
    'A file that is named by its path takes the place of a newer one, which goes to the trash in turn. Of what a pattern names, only what is missing is put back.'
  static override examples = [
    '<%= config.bin %> sync restore',
    '<%= config.bin %> sync restore src/index.js',
    "<%= config.bin %> sync restore --before '2026-11-28 14:05:00' src/index.js",
  ]
  static override args = {
    pattern: Args.string({
      multiple: true,
      ignoreStdin: true,
      description:
        'What to put back: paths, or patterns as in .gitignore; if none are given, the trash is listed.',
    }),
  }
  static override flags = {
    before: Flags.custom<number>({
      description: 'Put back what was replaced or deleted before this time (UTC, as it is listed).',
      helpValue: 'TIME',
      parse: async (text) => timeOf(text),
    })(),
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
    const items = await syncRestore(project, {
      ...{ machines: flags.machine ?? [], patterns },
      ...(flags.before === undefined ? {} : { before: flags.before }),
    })
    this.print(patterns.length === 0 ? trashText(items, this.paint) : restoredText(items))
    return { restored: patterns.length > 0, items }
  }
}
