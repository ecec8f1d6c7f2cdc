import { BaseCommand } from '../base-command.ts'
import { machinesArg, trustFlag, upText } from '../cli/index.ts'
import { resume, type UpMachineResult } from '../machine/index.ts'

export default class Resume extends BaseCommand {
  static override summary = 'Resume suspended machines where they left off.'
  static override examples = ['<%= config.bin %> resume', '<%= config.bin %> resume web']
  static override args = { machine: machinesArg }
  static override flags = { yes: trustFlag }

  async run(): Promise<{ machines: UpMachineResult[] }> {
    const { args, flags } = await this.parse(Resume)
    const project = await this.openProject(flags, { runs: true })
    const machines = await resume(project, args.machine ?? [])
    this.print(machines.length === 0 ? 'no machine is suspended' : upText(machines))
    return { machines }
  }
}
