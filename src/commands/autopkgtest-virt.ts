import { join } from 'node:path'
import { autopkgtestVirt } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'
import { throwAwayFlags } from '../cli/index.ts'

export default class AutopkgtestVirt extends BaseCommand {
  static override enableJsonFlag = false
  static override summary = "Act as a testbed for Debian's autopkgtest."
  static override description =
    'autopkgtest starts it and talks to it on standard input and output. The testbed is a throw-away machine of the manifest, or of --box without one. It is created again each time autopkgtest reverts it.'
  static override examples = [
    'autopkgtest -B hello -- "$(command -v posada)" autopkgtest-virt --box debian/12',
  ]
  static override flags = throwAwayFlags

  protected override readonly interruptHint = null

  async run(): Promise<void> {
    const { flags } = await this.parse(AutopkgtestVirt)
    await this.sweepRuns()
    await autopkgtestVirt({
      open: this.runOpening(flags),
      machine: flags.machine,
      input: process.stdin,
      write: (text) => process.stdout.write(text),
      program: [process.execPath, join(this.config.root, 'bin', 'posada.js')],
    })
  }
}
