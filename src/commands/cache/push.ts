import * as Args from '@oclif/core/args'
import { type PushedLayer, pushLayers } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { layersPushedText } from '../../cli/index.ts'

export default class CachePush extends BaseCommand {
  static override summary = 'Push the layers of this project to a registry, for everybody who works on it.'
  static override description =
    'They are written into posada.lock: commit it, and the first up of others starts from them. Credentials are those of docker login.'
  static override examples = ['<%= config.bin %> cache push oci://registry.example.com/team/shop']
  static override args = {
    target: Args.string({
      description: 'Registry and repository: oci://registry.example.com/team/shop.',
      required: true,
      ignoreStdin: true,
    }),
  }

  async run(): Promise<{ layers: PushedLayer[] }> {
    const { args, flags } = await this.parse(CachePush)
    const project = await this.openProject(flags)
    const result = await pushLayers(project, { target: args.target, env: process.env })
    this.print(layersPushedText(result))
    return result
  }
}
