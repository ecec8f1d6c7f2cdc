import { BaseCommand } from '../base-command.ts'
import {
  type GuestCommandResult,
  joined,
  machineArg,
  rawWords,
  runInGuest,
  splitAtDashes,
  ttyFlag,
} from '../cli/index.ts'
import { PosadaError } from '../errors/index.ts'
import { ssh } from '../machine/index.ts'

export default class Ssh extends BaseCommand {
  static override summary = 'Open a shell in a machine, or run a command line there.'
  static override description =
    "What follows -- is passed to the guest's shell as one line, as ssh does; posada exec runs a program without a shell. The exit code of the shell or the command becomes that of posada."
  static override usage = 'ssh [MACHINE] [-- COMMAND...]'
  static override examples = [
    '<%= config.bin %> ssh web',
    "<%= config.bin %> ssh web -- 'cd /srv && ls | wc -l'",
  ]
  static override args = { machine: machineArg }
  static override flags = { tty: ttyFlag }

  protected override readonly interruptHint = null

  async run(): Promise<GuestCommandResult> {
    const { own, command } = splitAtDashes(this.argv)
    const { args, flags } = await this.parse(Ssh, own)
    const { machine } = args
    const isShell = command === null || command.length === 0
    if (isShell && flags.json) {
      throw new PosadaError('E_USAGE', '--json needs a command: a shell has no result to print', {
        hint: 'put the command after --',
      })
    }
    const project = await this.openProject(flags)
    this.endProgress()
    if (!isShell)
      return runInGuest(project, {
        machine,
        command: joined(rawWords(command)),
        json: flags.json,
        tty: flags.tty,
      })
    const { stdin, stdout, stderr } = process
    const { exitCode, signal } = await ssh(project, { machine, stdin, stdout, stderr })
    process.exitCode = exitCode
    return { exitCode, signal: signal ?? null }
  }
}
