import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import type { ImportResult } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'
import { archiveFrom, importText } from '../cli/index.ts'

export default class Import extends BaseCommand {
  static override summary = 'Bring in a project that posada export wrote, with its boxes and machines.'
  static override description =
    'The machines are off then; posada up starts them. A posada.yaml that is in the folder already stays: import into a clone of the project to have its scripts and files, too.'
  static override examples = [
    '<%= config.bin %> import shop.posada',
    '<%= config.bin %> import shop.posada ~/src/shop',
    'ssh desk posada export - | <%= config.bin %> import -',
  ]
  static override args = {
    file: Args.string({ required: true, ignoreStdin: true, description: 'The file; - for standard input.' }),
    folder: Args.string({
      ignoreStdin: true,
      description: "Where the project goes; a folder of the project's name here when left out.",
    }),
  }

  static override flags = {
    memory: Flags.boolean({
      description:
        'Import the memory of suspended machines, too. Only from a file of your own: a hypervisor trusts it.',
    }),
  }

  protected override readonly interruptHint = 'run the command again: what is unpacked stays'

  async run(): Promise<ImportResult> {
    const { args, flags } = await this.parse(Import)
    const archive = archiveFrom(args.file)
    const { importProject } = await import('../app/index.ts')
    const result = await importProject({
      archive,
      shown: args.file === '-' ? 'standard input' : args.file,
      folder: args.folder,
      memory: flags.memory,
      cwd: process.cwd(),
      env: process.env,
      emit: this.emit,
      signal: this.signal,
    })
    this.print(importText(result))
    return result
  }
}
