import * as Args from '@oclif/core/args'
import { type HostSetup, setupHost } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'

export default class HostSetUp extends BaseCommand {
  static override summary = 'Copy this Posada to another host, so that machines can run there.'
  static override description =
    'It logs in by ssh and puts a copy of this version into the folder of the user there, who needs Node 20 or later. Nothing else of the host is changed.'
  static override examples = ['<%= config.bin %> host setup ssh://ana@build.example.com']
  static override args = {
    host: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'The host: ssh://USER@SERVER, or USER@SERVER.',
    }),
  }

  async run(): Promise<HostSetup> {
    const { args } = await this.parse(HostSetUp)
    const result = await setupHost(args.host, { env: process.env, signal: this.signal })
    this.print(`${result.host} has Posada ${result.version}, run by Node ${result.node}`)
    return result
  }
}
