import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { type BoxResult, boxBudget, boxFacts, boxResult, keepBudget } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { confirm, packagedText } from '../../cli/index.ts'
import { packageMachine, status } from '../../machine/index.ts'

export default class BoxPackage extends BaseCommand {
  static override summary = 'Make a box of a machine: its disks in one, without its identity, keys and logs.'
  static override description =
    'The machine is shut down for this and is not changed otherwise. A copy of it is started to take away what must not be in a box; what was installed and written stays, secrets of yours too.'
  static override examples = [
    '<%= config.bin %> box package web --name team/shop --version 1.2',
    '<%= config.bin %> box package web --name local/shop --with-kernel',
  ]
  static override args = {
    machine: Args.string({
      description: 'The machine; the only one where none is named.',
      ignoreStdin: true,
    }),
  }
  static override flags = {
    name: Flags.string({ description: 'Name of the box; local/MACHINE unless given.', helpValue: 'NAME' }),
    version: Flags.string({
      description: 'Its version; the day and a number unless given.',
      helpValue: 'VERSION',
    }),
    'with-kernel': Flags.boolean({
      description:
        'Put the kernel that the guest runs into the box, so that it boots without firmware, with the built-in hypervisor too.',
    }),
    force: Flags.boolean({ description: 'Replace a box of the same name and version.' }),
    yes: Flags.boolean({ char: 'y', description: 'Do not ask before a running machine is shut down.' }),
  }

  async run(): Promise<BoxResult & { machine: string; halted: boolean }> {
    const { args, flags } = await this.parse(BoxPackage)
    const { name, version } = boxFacts({ name: flags.name, version: flags.version })
    boxBudget(process.env)
    const project = await this.openProject(flags)
    const running = (await status(project, args.machine === undefined ? [] : [args.machine])).find(
      ({ state }) => state !== 'stopped' && state !== 'absent' && state !== 'created' && state !== 'crashed',
    )
    const { yes, json } = flags
    if (running !== undefined)
      await confirm({ question: `Shut ${running.name} down?`, yes, json, signal: this.signal })
    const { box, machine, halted } = await packageMachine(project, {
      machine: args.machine,
      force: flags.force,
      withKernel: flags['with-kernel'],
      ...(name === undefined ? {} : { name }),
      ...(version === undefined ? {} : { version }),
    })
    const { boxes: store, user } = project
    await keepBudget({ store, user, env: process.env, emit: this.emit, spare: box.digest })
    const result = { ...boxResult(box), machine, halted }
    this.print(packagedText(result))
    return result
  }
}
