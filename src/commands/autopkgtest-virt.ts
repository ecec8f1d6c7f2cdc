import { join } from 'node:path'
import * as Flags from '@oclif/core/flags'
import { autopkgtestVirt } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'
import { trustFlag } from '../cli/index.ts'

export default class AutopkgtestVirt extends BaseCommand {
  static override enableJsonFlag = false
  static override summary = "Act as a testbed for Debian's autopkgtest."
  static override description =
    'autopkgtest starts it and talks to it on standard input and output. The testbed is a throw-away machine of the manifest, or of --box without one. It is created again each time autopkgtest reverts it.'
  static override examples = [
    'autopkgtest -B hello -- "$(command -v posada)" autopkgtest-virt --box debian/12',
  ]
  static override flags = {
    yes: trustFlag,
    machine: Flags.string({
      description: 'The machine of the manifest; the only one by default.',
      helpValue: 'NAME',
    }),
    box: Flags.string({ description: 'The box of the machine, in place of a manifest.', helpValue: 'BOX' }),
  }

  protected override readonly interruptHint = null

  async run(): Promise<void> {
    const { flags } = await this.parse(AutopkgtestVirt)
    await this.sweepRuns()
    await autopkgtestVirt({
      open: {
        ...(flags.file === undefined ? {} : { file: flags.file }),
        box: flags.box,
        cwd: process.cwd(),
        env: process.env,
        emit: this.emit,
        signal: this.signal,
        command: 'posada autopkgtest-virt',
        askTrust: this.trustAsker(flags),
      },
      machine: flags.machine,
      input: process.stdin,
      write: (text) => process.stdout.write(text),
      program: [process.execPath, join(this.config.root, 'bin', 'posada.js')],
    })
  }
}
