import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { type PushResult, pushBox } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { pushText } from '../../cli/index.ts'
import { archs } from '../../lib/values/arch.ts'

export default class BoxPush extends BaseCommand {
  static override summary = 'Push a box from the store to a registry, as an OCI artifact.'
  static override description =
    'Parts that the registry already has are not uploaded again. Credentials are those of docker login.'
  static override examples = [
    '<%= config.bin %> box push debian/12 oci://registry.example.com/team/debian:12',
    '<%= config.bin %> box push team/shop@1.2 oci://localhost:5000/shop',
  ]
  static override args = {
    box: Args.string({
      description: 'A name (its newest version), or debian/12@VERSION.',
      required: true,
      ignoreStdin: true,
    }),
    target: Args.string({
      description: 'Registry, repository and tag: oci://registry.example.com/team/debian:12.',
      required: true,
      ignoreStdin: true,
    }),
  }
  static override flags = {
    arch: Flags.option({
      description: "The box's architecture; this computer's by default.",
      options: archs,
    })(),
  }

  async run(): Promise<PushResult> {
    const { args, flags } = await this.parse(BoxPush)
    const { emit, signal } = this
    const result = await pushBox({
      name: args.box,
      target: args.target,
      arch: flags.arch,
      env: process.env,
      emit,
      signal,
    })
    this.print(pushText(result))
    return result
  }
}
