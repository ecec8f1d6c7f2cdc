import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { type BoxResult, buildBox } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { boxText } from '../../cli/index.ts'
import { archs } from '../../lib/values/arch.ts'

export default class BoxBuild extends BaseCommand {
  static override summary = "Build a box from a recipe, with a distribution's packages only."
  static override description = 'Does nothing if the store has a box built from the same recipe.'
  static override examples = [
    '<%= config.bin %> box build debian/12',
    '<%= config.bin %> box build ./my-recipe',
  ]
  static override args = {
    recipe: Args.string({
      description: "A recipe's name, or the path of its folder.",
      required: true,
      ignoreStdin: true,
    }),
  }
  static override flags = {
    arch: Flags.option({
      description: "The box's architecture; this computer's by default.",
      options: archs,
    })(),
    force: Flags.boolean({ description: 'Build it again even if nothing changed.' }),
  }

  async run(): Promise<BoxResult> {
    const { args, flags } = await this.parse(BoxBuild)
    const { emit, signal } = this
    const { arch, force } = flags
    const box = await buildBox({ recipe: args.recipe, arch, force, env: process.env, emit, signal })
    this.print(boxText(box))
    return box
  }
}
