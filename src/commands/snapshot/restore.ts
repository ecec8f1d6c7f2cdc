import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { confirm, machinesArg, restoredSnapshotsText, snapshotArg } from '../../cli/index.ts'
import { cloneMachine, type RestoredResult, snapshotRestore } from '../../machine/index.ts'

export default class SnapshotRestore extends BaseCommand {
  static override summary = 'Restore machines to a snapshot; changes made since then are lost.'
  static override description =
    'Machines that were running when they were saved run again, from their memory; others are stopped.'
  static override examples = [
    '<%= config.bin %> snapshot restore clean',
    '<%= config.bin %> snapshot restore clean web --yes',
    '<%= config.bin %> snapshot restore clean web --as web-2',
  ]
  static override args = { name: snapshotArg, machine: machinesArg }
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'Do not ask.' }),
    as: Flags.string({
      description: 'Make a copy of the machine, by this name, and leave the machine itself alone.',
      helpValue: 'NAME',
    }),
    cold: Flags.boolean({ description: 'Restore only the disks; the machines are left stopped.' }),
  }

  async run(): Promise<{ machines: RestoredResult[] }> {
    const { args, flags } = await this.parse(SnapshotRestore)
    const project = await this.openProject(flags)
    const { name, machine: machines = [] } = args
    const { yes, json, cold, as } = flags
    if (as !== undefined) {
      const copy = await cloneMachine(project, { snapshot: name, machines, as, cold })
      this.print(restoredSnapshotsText([copy]))
      return { machines: [copy] }
    }
    const what = machines.length === 0 ? `all machines that have the snapshot ${name}` : machines.join(', ')
    const question = `Restore ${what} to ${name}? Changes made since then are lost.`
    await confirm({ question, yes, json, signal: this.signal })
    const restored = await snapshotRestore(project, { name, machines, cold })
    this.print(restoredSnapshotsText(restored))
    return { machines: restored }
  }
}
