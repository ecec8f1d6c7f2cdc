import { BaseCommand } from '../base-command.ts'
import { machinesArg } from '../cli/index.ts'
import { sshConfig } from '../machine/index.ts'

export default class SshConfig extends BaseCommand {
  static override summary =
    'Print an OpenSSH configuration for the machines, for ssh, scp, rsync and editors.'
  static override examples = [
    '<%= config.bin %> ssh-config > .posada/ssh_config && ssh -F .posada/ssh_config web',
  ]
  static override args = { machine: machinesArg }

  async run(): Promise<{ config: string }> {
    const { args, flags } = await this.parse(SshConfig)
    const project = await this.openProject(flags)
    const config = await sshConfig(project, args.machine ?? [])
    this.print(config)
    return { config }
  }
}
