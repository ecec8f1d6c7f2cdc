import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { exportText, writeArchiveTo } from '../cli/index.ts'
import { type ExportResult, exportProject } from '../machine/index.ts'

export default class Export extends BaseCommand {
  static override summary = 'Write the project with its boxes and machines into one file, for posada import.'
  static override description =
    'The machines have to be off. The file holds their disks and login keys: keep it as safe as these. Snapshots are not exported.'
  static override examples = [
    '<%= config.bin %> export shop.posada',
    '<%= config.bin %> export - | ssh laptop posada import -',
    '<%= config.bin %> export --no-boxes - | zstd > shop.posada.zst',
  ]
  static override args = {
    file: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'The file to write; - for standard output.',
    }),
  }
  static override flags = {
    memory: Flags.boolean({ description: 'Export suspended machines, too, with their memory.' }),
    boxes: Flags.boolean({
      allowNo: true,
      default: true,
      description: 'Put boxes into the file; without them the other side needs them in its store.',
    }),
  }

  async run(): Promise<ExportResult> {
    const { args, flags } = await this.parse(Export)
    const project = await this.openProject(flags)
    const result = await exportProject(project, {
      posada: this.config.version,
      boxes: flags.boxes,
      memory: flags.memory,
      write: (archive) => writeArchiveTo(args.file, archive, this.signal),
    })
    if (args.file !== '-') this.print(exportText(result, args.file))
    return result
  }
}
