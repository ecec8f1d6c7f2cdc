import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { confirm, destroyText, machinesArg } from '../cli/index.ts'
import { type DestroyResult, destroy } from '../machine/index.ts'

export default class Destroy extends BaseCommand {
  static override summary =
    'Stop machines and remove their disks and everything else that was made for them. Disks with `keep: true` stay.'
  static override examples = [
    '<%= config.bin %> destroy',
    '<%= config.bin %> destroy web db --yes',
    '<%= config.bin %> destroy --disks db',
  ]
  static override args = { machine: machinesArg }
  static override flags = {
    disks: Flags.boolean({ description: 'Also remove disks that have `keep: true`.' }),
    yes: Flags.boolean({ char: 'y', description: 'Do not ask.' }),
  }

  async run(): Promise<{ machines: DestroyResult[] }> {
    const { args, flags } = await this.parse(Destroy)
    const project = await this.openProject(flags, { tolerant: true })
    const named = args.machine ?? []
    const what = named.length === 0 ? `all machines of ${project.manifest.name}` : named.join(', ')
    const { yes, json } = flags
    await confirm({
      question: `Destroy ${what}, with everything on their disks?`,
      yes,
      json,
      signal: this.signal,
    })
    const machines = await destroy(project, named, { withDisks: flags.disks })
    this.print(destroyText(machines))
    return { machines }
  }
}
