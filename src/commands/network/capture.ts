import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { captureFile, captureText, flagValue } from '../../cli/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { parseDuration } from '../../lib/values/units.ts'
import { type CaptureResult, captureNetworks } from '../../machine/index.ts'

export default class NetworkCapture extends BaseCommand {
  static override summary = 'Capture what passes on private networks as a pcapng file, until Ctrl-C.'
  static override examples = [
    '<%= config.bin %> network capture | wireshark -k -i -',
    '<%= config.bin %> network capture web -w web.pcapng --duration 10s',
  ]
  static override args = {
    spot: Args.string({
      name: 'spot',
      ignoreStdin: true,
      multiple: true,
      description:
        'Networks: each frame once, as it was sent. Machines: everything they send and receive. All networks when none is given.',
    }),
  }
  static override flags = {
    write: Flags.string({
      char: 'w',
      description: 'The file, or - for standard output.',
      default: '-',
      helpValue: 'FILE',
    }),
    snaplen: Flags.integer({
      char: 's',
      description: 'How many bytes of each frame to keep; 0 for all.',
      default: 0,
      min: 0,
      helpValue: 'BYTES',
    }),
    count: Flags.integer({ char: 'c', description: 'Stop after this many frames.', min: 1, helpValue: 'N' }),
    duration: Flags.string({ description: 'Stop after this time, such as 10s.', helpValue: 'TIME' }),
  }

  async run(): Promise<CaptureResult & { file: string | null }> {
    const { args, flags } = await this.parse(NetworkCapture)
    if (flags.json && flags.write === '-')
      throw new PosadaError('E_USAGE', 'standard output cannot take both a capture and a JSON document', {
        hint: 'write the capture into a file: --write FILE',
      })
    const duration =
      flags.duration === undefined ? null : flagValue('duration', flags.duration, parseDuration)
    const project = await this.openProject(flags)
    const file = captureFile(flags.write)
    try {
      const result = await captureNetworks(project, {
        names: args.spot ?? [],
        snaplen: flags.snaplen,
        count: flags.count ?? null,
        duration,
        write: (bytes) => file.write(bytes),
      })
      const message = captureText(result)
      this.emit({ type: 'notice', level: result.dropped > 0 ? 'warn' : 'info', message })
      return { file: file.path, ...result }
    } finally {
      await file.close()
    }
  }
}
