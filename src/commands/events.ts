import { once } from 'node:events'
import * as Flags from '@oclif/core/flags'
import { events, type StreamedEvent } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'
import { eventTeller } from '../cli/index.ts'
import { errorCodes, isPosadaError } from '../errors/index.ts'

export default class Events extends BaseCommand {
  static override summary = 'Show what happens to the machines of this user, whatever command does it.'
  static override description =
    'Steps, output and notices of commands in all projects, and changes of the states of machines, until Ctrl-C. With --json each event is a line of JSON.'
  static override examples = [
    '<%= config.bin %> events',
    '<%= config.bin %> events --json | jq \'select(.type == "state")\'',
    '<%= config.bin %> events --past --no-follow',
  ]
  static override flags = {
    past: Flags.boolean({ description: 'Begin with what commands told lately.' }),
    follow: Flags.boolean({ description: 'Go on until Ctrl-C.', allowNo: true, default: true }),
  }

  protected override readonly interruptHint = null

  async run(): Promise<void> {
    const { flags } = await this.parse(Events)
    const { past, follow } = flags
    this.endProgress()
    const { emit, signal } = this
    const write = (text: string) => void process.stdout.write(text)
    const tell = flags.json
      ? (event: StreamedEvent) => write(`${JSON.stringify(event)}\n`)
      : eventTeller(write, this.paint)
    const onEvent = async (event: StreamedEvent) => {
      tell(event)
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain', { signal })
    }
    try {
      await events({ env: process.env, emit, signal, past, follow, onEvent })
    } catch (error) {
      // It is how one leaves.
      if (isPosadaError(error, 'E_INTERRUPTED')) this.exit(errorCodes.E_INTERRUPTED.exit)
      throw error
    }
  }

  /** The lines were the document. */
  override logJson(): void {
    // Nothing is left to print.
  }
}
