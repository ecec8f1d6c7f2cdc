import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { machinesArg } from '../cli/args.ts'
import { confirm } from '../cli/confirm.ts'
import { destroyText } from '../cli/text/machines.ts'
import { destroy } from '../machine/destroy.ts'
import type { DestroyResult } from '../machine/results.ts'

export default class Destroy extends BaseCommand {
  static override summary = 'Stop machines and take away their disks and all that was made for them.'
  static override args = { machine: machinesArg }
  static override flags = {
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
    const machines = await destroy(project, named)
    this.print(destroyText(machines))
    return { machines }
  }
}
