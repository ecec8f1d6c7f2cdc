import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'
import { trustFlag, updateText } from '../../cli/index.ts'
import { lockName, type UpdatedLock, updateLock } from '../../machine/index.ts'

export default class BoxUpdate extends BaseCommand {
  static override summary =
    'Update posada.lock to the newest boxes, base manifests and scripts, and fetch them.'
  static override description =
    'Base manifests and scripts with a URL are fetched again. Existing machines keep their box; recreate them with posada destroy, then posada up.'
  static override examples = ['<%= config.bin %> box update', '<%= config.bin %> box update debian/12']
  static override args = {
    box: Args.string({
      description:
        'Boxes, as the manifest names them, and URLs of base manifests and scripts; all by default.',
      ignoreStdin: true,
      multiple: true,
    }),
  }

  static override flags = { yes: trustFlag }

  async run(): Promise<UpdatedLock> {
    const { args, flags } = await this.parse(BoxUpdate)
    const names = (args.box ?? []).map(lockName)
    const movesFile = (url: string) => names.length === 0 || names.includes(url)
    const updated = await updateLock(await this.openProject(flags, { runs: true, movesFile }), names)
    this.print(updateText(updated))
    return updated
  }
}
