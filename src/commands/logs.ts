import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { machineArg } from '../cli/index.ts'
import { errorCodes, isPosadaError, PosadaError } from '../errors/index.ts'
import { logs } from '../machine/index.ts'

const empty = {
  console: 'the guest has written nothing to its console',
  provider: "the hypervisor has written nothing; the guest's console has a log of its own: --console",
}

export default class Logs extends BaseCommand {
  static override summary = "Show what a machine's hypervisor wrote, or the guest's console."
  static override examples = [
    '<%= config.bin %> logs web -n 20',
    '<%= config.bin %> logs web --console --follow',
  ]
  static override args = { machine: machineArg }
  static override flags = {
    console: Flags.boolean({ description: "The guest's serial console: what it said while it booted." }),
    follow: Flags.boolean({ description: 'Keep printing what is written, until Ctrl-C.' }),
    lines: Flags.integer({
      char: 'n',
      description: 'How many of the last lines.',
      default: 100,
      min: 0,
      helpValue: 'N',
    }),
  }

  async run(): Promise<{ source: 'console' | 'provider'; lines: string[] }> {
    const { args, flags } = await this.parse(Logs)
    const { follow, json } = flags
    if (follow && json)
      throw new PosadaError('E_USAGE', '--follow has no end, and --json prints one document')
    const project = await this.openProject(flags, { tolerant: true })
    const source = flags.console ? 'console' : 'provider'
    const lines: string[] = []
    let count = 0
    const onLine = (line: string) => {
      count++
      if (json) lines.push(line)
      else process.stdout.write(`${line}\n`)
    }
    this.endProgress()
    try {
      await logs(project, { machine: args.machine, source, lines: flags.lines, follow, onLine })
    } catch (error) {
      // It is how one leaves.
      if (follow && isPosadaError(error, 'E_INTERRUPTED')) this.exit(errorCodes.E_INTERRUPTED.exit)
      throw error
    }
    if (count === 0 && flags.lines > 0) this.emit({ type: 'notice', level: 'info', message: empty[source] })
    return { source, lines }
  }
}
