import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { confirm, machinesArg, restoredSnapshotsText, snapshotArg } from '../../cli/index.ts'
import { type RestoredResult, snapshotRestore } from '../../machine/index.ts'

export default class SnapshotRestore extends BaseCommand {
  static override summary = 'Restore machines to a snapshot; changes made since then are lost.'
  static override description =
    'Machines that were running when they were saved run again, from their memory; others are stopped.'
  static override examples = [
    '<%= config.bin %> snapshot restore clean',
    '<%= config.bin %> snapshot restore clean web --yes',
  ]
  static override args = { name: snapshotArg, machine: machinesArg }
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'Do not ask.' }),
    cold: Flags.boolean({ description: 'Restore only the disks; the machines are left stopped.' }),
  }

  async run(): Promise<{ machines: RestoredResult[] }> {
    const { args, flags } = await this.parse(SnapshotRestore)
    const project = await this.openProject(flags)
    const { name, machine: machines = [] } = args
    const { yes, json, cold } = flags
    const what = machines.length === 0 ? `all machines that have the snapshot ${name}` : machines.join(', ')
    const question = `Restore ${what} to ${name}? Changes made since then are lost.`
    await confirm({ question, yes, json, signal: this.signal })
    const restored = await snapshotRestore(project, { name, machines, cold })
    this.print(restoredSnapshotsText(restored))
    return { machines: restored }
  }
}
