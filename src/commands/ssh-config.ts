import { BaseCommand } from '../base-command.ts'
import { machinesArg } from '../cli/index.ts'
import { sshConfig } from '../machine/index.ts'

export default class SshConfig extends BaseCommand {
  static override summary = "Print a configuration with which OpenSSH's own programs reach the machines."
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
