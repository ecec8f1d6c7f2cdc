import { BaseCommand } from '../base-command.ts'
import { machineArg } from '../cli/index.ts'
import { errorCodes, isPosadaError, PosadaError } from '../errors/index.ts'
import { console } from '../machine/index.ts'

export default class Console extends BaseCommand {
  static override summary = "Attach to a machine's serial console."
  static override description =
    'Ctrl-] detaches. Several people may be attached at once. Input that does not come from a terminal is sent as it is, and what the guest writes is printed until the machine stops.'
  static override examples = [
    '<%= config.bin %> console web',
    "printf 'root\\n' | timeout 10 <%= config.bin %> console web",
  ]
  static override args = { machine: machineArg }

  protected override readonly interruptHint = null

  async run(): Promise<{ machine: string; why: 'left' | 'ended' }> {
    const { args, flags } = await this.parse(Console)
    if (flags.json) {
      throw new PosadaError('E_USAGE', 'a console has no result to print with --json', {
        hint: 'posada logs --console --json prints what the guest wrote',
      })
    }
    const project = await this.openProject(flags, { tolerant: true })
    this.endProgress()
    const { stdin, stdout } = process
    const onAttached = (machine: string, keys: boolean) => {
      if (!keys) return
      const message = `connected to the console of ${machine}; Ctrl-] detaches, Enter shows a prompt`
      this.emit({ type: 'notice', level: 'info', message })
    }
    try {
      const ended = await console(project, { machine: args.machine, stdin, stdout, onAttached })
      const message = ended.why === 'left' ? 'detached' : `machine ${ended.machine} has stopped`
      this.emit({ type: 'notice', level: 'info', message })
      return ended
    } catch (error) {
      // It is how one leaves.
      if (isPosadaError(error, 'E_INTERRUPTED')) this.exit(errorCodes.E_INTERRUPTED.exit)
      throw error
    }
  }
}
