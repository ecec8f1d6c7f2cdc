import * as Flags from '@oclif/core/flags'
import { type DoctorResult, doctor, doctorInputs, fix } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'
import { confirm, doctorText } from '../cli/index.ts'

export default class Doctor extends BaseCommand {
  static override summary = 'Check whether machines can run on this host, and how well.'
  static override description =
    'The exit code is 1 if no machine can run. --fix installs missing packages with apt.'
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --fix']
  static override flags = {
    fix: Flags.boolean({ description: 'Install what is missing (as root, or with sudo).' }),
    ci: Flags.boolean({
      description: 'Also check what a CI job needs, and say what to do on this runner.',
    }),
    yes: Flags.boolean({ char: 'y', description: 'Do not ask before installing.' }),
  }

  async run(): Promise<DoctorResult> {
    const { flags } = await this.parse(Doctor)
    const { emit, signal } = this
    const found = doctorInputs({ cwd: process.cwd(), env: process.env, emit, signal })
    const inputs = flags.ci ? { ...found, ci: process.env } : found
    let result = await doctor(inputs)
    if (flags.fix) {
      const ask = (command: string) => {
        this.endProgress()
        const question = `This will run: ${command}. Continue?`
        return confirm({ question, yes: flags.yes, json: flags.json, signal })
      }
      result = await fix(result, inputs, ask)
    }
    this.print(doctorText(result, this.paint))
    if (!result.usable) process.exitCode = 1
    return result
  }
}
