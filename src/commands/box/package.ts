import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { type PackageResult, packageBox } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { confirm, packageText } from '../../cli/index.ts'

export default class BoxPackage extends BaseCommand {
  static override summary = 'Make a box from a machine, without its identity, keys and logs.'
  static override description =
    'The machine is shut down and not changed otherwise. A copy of it is started to remove what must not be in a box. All that was installed and written stays, your secrets too.'
  static override examples = [
    '<%= config.bin %> box package web --name team/shop --version 1.2',
    '<%= config.bin %> box package web --name local/shop --with-kernel',
  ]
  static override args = {
    machine: Args.string({
      description: 'The machine; may be left out if there is only one.',
      ignoreStdin: true,
    }),
  }
  static override flags = {
    name: Flags.string({ description: 'Name of the box; local/MACHINE by default.', helpValue: 'NAME' }),
    version: Flags.string({
      description: 'Its version; the date and a number by default.',
      helpValue: 'VERSION',
    }),
    'with-kernel': Flags.boolean({
      description:
        'Put the kernel of the guest into the box, so that it boots without firmware, also with the built-in hypervisor.',
    }),
    force: Flags.boolean({ description: 'Replace a box of the same name and version.' }),
    yes: Flags.boolean({ char: 'y', description: 'Do not ask before shutting down a running machine.' }),
  }

  async run(): Promise<PackageResult> {
    const { args, flags } = await this.parse(BoxPackage)
    const { yes, json, name, version, force } = flags
    const result = await packageBox(await this.openProject(flags), {
      machine: args.machine,
      name,
      version,
      force,
      withKernel: flags['with-kernel'],
      env: process.env,
      beforeHalt: (machine) => confirm({ question: `Shut ${machine} down?`, yes, json, signal: this.signal }),
    })
    this.print(packageText(result))
    return result
  }
}
