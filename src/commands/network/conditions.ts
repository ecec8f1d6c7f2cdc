import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { flagValue, machinesArg, networksText } from '../../cli/index.ts'
import { conditionTexts } from '../../lib/values/condition-texts.ts'
import { type NetworkResult, networkConditions } from '../../machine/index.ts'

const delay = { helpValue: 'TIME' }
const part = { helpValue: 'PERCENT' }

export default class NetworkConditions extends BaseCommand {
  static override summary =
    'Change latency, loss, rate and cuts of a network, or between two machines, while they run.'
  static override examples = [
    '<%= config.bin %> network conditions --latency 40ms --loss 2%',
    '<%= config.bin %> network conditions web db --cut',
    '<%= config.bin %> network conditions web db --heal',
    '<%= config.bin %> network conditions --network lan --reset',
  ]
  static override args = { machine: machinesArg }
  static override flags = {
    network: Flags.string({ description: 'The network, where there are several.', helpValue: 'NAME' }),
    latency: Flags.string({
      description: 'How long a frame takes in each direction, such as 40ms.',
      ...delay,
    }),
    jitter: Flags.string({ description: 'How much longer or shorter it may take.', ...delay }),
    loss: Flags.string({ description: 'How many frames are lost, such as 2%.', ...part }),
    duplicate: Flags.string({ description: 'How many arrive twice.', ...part }),
    reorder: Flags.string({ description: 'How many overtake those before them.', ...part }),
    rate: Flags.string({ description: 'The most that passes, such as 10mbit.', helpValue: 'RATE' }),
    cut: Flags.boolean({ description: 'Let nothing pass.', exclusive: ['heal'] }),
    heal: Flags.boolean({ description: 'Undo a cut.' }),
    reset: Flags.boolean({ description: "Go back to the manifest's conditions first." }),
  }

  async run(): Promise<{ networks: NetworkResult[] }> {
    const { args, flags } = await this.parse(NetworkConditions)
    const set = Object.fromEntries(
      Object.entries(conditionTexts).flatMap(([name, parse]) => {
        const text = (flags as Record<string, unknown>)[name]
        return typeof text === 'string' ? [[name, flagValue(name, text, parse)]] : []
      }),
    )
    const cut = flags.cut ? { cut: true } : flags.heal ? { cut: false } : {}
    const project = await this.openProject(flags)
    const networks = await networkConditions(project, {
      machines: args.machine ?? [],
      network: flags.network ?? null,
      set: { ...set, ...cut },
      reset: flags.reset ?? false,
    })
    this.print(networksText(networks, this.paint))
    return { networks }
  }
}
