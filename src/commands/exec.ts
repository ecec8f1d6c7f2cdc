import { BaseCommand } from '../base-command.ts'
import { machineArg, ttyFlag } from '../cli/args.ts'
import { splitAtDashes } from '../cli/argv.ts'
import { type GuestCommandResult, runInGuest } from '../cli/guest-command.ts'
import { PosadaError } from '../errors/index.ts'

export default class Exec extends BaseCommand {
  static override summary = 'Run a command in a machine; its exit code becomes that of posada.'
  static override description =
    'The program and its arguments stand behind -- and reach the guest as they are, without a shell in between. Standard input, output and error pass through. With --json, output and error are part of the document.'
  static override usage = 'exec [MACHINE] -- PROGRAM [ARGUMENT...]'
  static override examples = [
    '<%= config.bin %> exec web -- ls -la /srv',
    "<%= config.bin %> exec web -- sh -c 'echo $HOME'",
  ]
  static override args = { machine: machineArg }
  static override flags = { tty: ttyFlag }

  protected override readonly interruptHint = null

  async run(): Promise<GuestCommandResult> {
    const { own, command } = splitAtDashes(this.argv)
    const { args, flags } = await this.parse(Exec, own)
    if (command === null || command.length === 0) {
      const hint = `put it behind --: posada exec ${args.machine ?? 'MACHINE'} -- uname -a`
      throw new PosadaError('E_USAGE', 'no command to run', { hint })
    }
    const project = await this.openProject(flags)
    this.endProgress()
    return runInGuest(project, { machine: args.machine, command, json: flags.json, tty: flags.tty })
  }
}
