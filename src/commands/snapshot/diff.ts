import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { machinesArg, snapshotArg, snapshotDiffText } from '../../cli/index.ts'
import { type SnapshotDiffResult, snapshotDiff } from '../../machine/index.ts'

export default class SnapshotDiff extends BaseCommand {
  static override summary = 'Show what has changed in machines since a snapshot, or between two.'
  static override description =
    'For each machine: how much was written to its disks, and what differs in its box, hardware, networks and provision steps. Files in the disks are not compared.'
  static override examples = [
    '<%= config.bin %> snapshot diff clean',
    '<%= config.bin %> snapshot diff clean web',
    '<%= config.bin %> snapshot diff clean --to loaded',
  ]
  static override args = { name: snapshotArg, machine: machinesArg }
  static override flags = {
    to: Flags.string({
      description: 'Another snapshot, in place of the machines as they are now.',
      helpValue: 'SNAPSHOT',
    }),
  }

  async run(): Promise<{ differences: SnapshotDiffResult[] }> {
    const { args, flags } = await this.parse(SnapshotDiff)
    const project = await this.openProject(flags, { tolerant: true })
    const differences = await snapshotDiff(project, {
      from: args.name,
      to: flags.to ?? null,
      machines: args.machine ?? [],
    })
    this.print(snapshotDiffText(differences))
    return { differences }
  }
}
