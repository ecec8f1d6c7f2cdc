import * as Flags from '@oclif/core/flags'
import { serve } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'

export default class Serve extends BaseCommand {
  static override summary = 'Run machines for other hosts, which start this by ssh.'
  static override hidden = true
  static override enableJsonFlag = false
  static override flags = {
    stdio: Flags.boolean({ description: 'Talk over stdin and stdout.', required: true }),
  }

  async run(): Promise<void> {
    await this.parse(Serve)
    await serve(process, process.env)
  }
}
