import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import {
  type GuestCommandResult,
  type GuestCommandsResult,
  machineArg,
  rawWords,
  runInGuest,
  runInGuests,
  splitAtDashes,
  ttyFlag,
} from '../cli/index.ts'
import { PosadaError } from '../errors/index.ts'
import { selectMachines } from '../machine/index.ts'

export default class Exec extends BaseCommand {
  static override summary = 'Run a command in a machine; its exit code becomes that of posada.'
  static override description =
    "The program and its arguments follow -- and reach the guest unchanged, without a shell in between. Standard input, output and error are passed through. With --json, output and error are part of the document. The name that replicas share, or a pattern, runs it in all of them at once: each line is prefixed with the machine's name, standard input is empty, and the exit code is the first that is not 0."
  static override usage = 'exec [MACHINE] -- PROGRAM [ARGUMENT...]'
  static override examples = [
    '<%= config.bin %> exec web -- ls -la /srv',
    "<%= config.bin %> exec web -- sh -c 'echo $HOME'",
    "<%= config.bin %> exec 'web-*' -- uptime",
  ]
  static override args = { machine: machineArg }
  static override flags = {
    tty: ttyFlag,
    agent: Flags.boolean({
      description:
        'Have the QEMU guest agent run it, without SSH: as root, without input, and its output comes at the end.',
      exclusive: ['tty'],
    }),
    'as-ssh': Flags.boolean({ description: 'Exit with 255 if Posada itself fails, as ssh does.' }),
  }

  protected override readonly interruptHint = null

  async run(): Promise<GuestCommandResult | GuestCommandsResult> {
    const { own, command } = splitAtDashes(this.argv)
    const { args, flags } = await this.parse(Exec, own)
    if (command === null || command.length === 0) {
      const hint = `put it after --: posada exec ${args.machine ?? 'MACHINE'} -- uname -a`
      throw new PosadaError('E_USAGE', 'no command to run', { hint })
    }
    const project = await this.openProject(flags)
    this.endProgress()
    const { json, tty, agent } = flags
    const options = { machine: args.machine, command: rawWords(command), json, tty, agent }
    const several = args.machine === undefined ? [] : selectMachines(project.manifest, [args.machine])
    if (several.length > 1) {
      const names = several.map(({ name }) => name)
      return runInGuests(project, names, options)
    }
    return runInGuest(project, options)
  }
}
