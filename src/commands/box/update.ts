import * as Args from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'
import { updateText } from '../../cli/index.ts'
import { lockName, type UpdatedLock, updateLock } from '../../machine/index.ts'

export default class BoxUpdate extends BaseCommand {
  static override summary =
    'Move posada.lock to the newest boxes, base manifests and scripts of the project, and fetch them.'
  static override description =
    'Base manifests and scripts that have a URL are fetched anew. Machines that were made stay on the box they were made from; posada destroy, then up, makes them anew.'
  static override args = {
    box: Args.string({
      description:
        'Boxes, as the manifest names them, and URLs of base manifests and scripts; all when none is given.',
      ignoreStdin: true,
      multiple: true,
    }),
  }

  async run(): Promise<UpdatedLock> {
    const { args, flags } = await this.parse(BoxUpdate)
    const names = (args.box ?? []).map(lockName)
    const movesFile = (url: string) => names.length === 0 || names.includes(url)
    const updated = await updateLock(await this.openProject(flags, { fetches: true, movesFile }), names)
    this.print(updateText(updated))
    return updated
  }
}
