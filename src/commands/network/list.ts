import { BaseCommand } from '../../base-command.ts'
import { networksText } from '../../cli/index.ts'
import { listNetworks, type NetworkResult } from '../../machine/index.ts'

export default class NetworkList extends BaseCommand {
  static override summary = 'Show private networks, their conditions, and the addresses of their machines.'
  static override examples = ['<%= config.bin %> network list']

  async run(): Promise<{ running: boolean; networks: NetworkResult[] }> {
    const { flags } = await this.parse(NetworkList)
    const listing = await listNetworks(await this.openProject(flags))
    this.print(networksText(listing.networks, this.paint))
    return listing
  }
}
