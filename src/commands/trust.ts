import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { adoptText, confirm, trustedText, usesText } from '../cli/index.ts'

export default class Trust extends BaseCommand {
  static override summary = 'Show what the project would run on this computer, and agree to it.'
  static override description =
    'Plug-ins, programs and arguments of providers, recipes of boxes, and files outside the project are asked for before the first up, and again when they change. In CI, POSADA_TRUST=1 agrees to everything, POSADA_TRUST=DIGEST,… to what has these digests.'
  static override examples = [
    '<%= config.bin %> trust',
    '<%= config.bin %> trust --list',
    '<%= config.bin %> trust --revoke',
    '<%= config.bin %> trust --adopt',
  ]
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'Agree without being asked.' }),
    revoke: Flags.boolean({ description: 'Take the agreement back.', exclusive: ['list', 'yes'] }),
    list: Flags.boolean({
      description: 'Show what was agreed to in all projects.',
      exclusive: ['revoke', 'yes'],
    }),
    adopt: Flags.boolean({
      description: 'Take over machines in .posada that you made with a key that was lost.',
      exclusive: ['revoke', 'list'],
    }),
  }

  async run(): Promise<object> {
    const { flags } = await this.parse(Trust)
    const { adopt, revokeTrust, trust, trustedProjects } = await import('../app/index.ts')
    const { emit, signal } = this
    const inputs = { file: flags.file, cwd: process.cwd(), env: process.env, emit, signal }
    if (flags.list) {
      const trusted = await trustedProjects(process.env)
      this.print(trustedText(trusted))
      return trusted
    }
    if (flags.revoke) {
      const result = await revokeTrust(inputs)
      this.print(result.revoked ? `${result.root} is no longer trusted` : `${result.root} was not trusted`)
      return result
    }
    if (flags.adopt) {
      const result = await adopt(inputs, async (found) => {
        this.print(adoptText(found))
        await confirm({ question: 'Did you make these yourself?', yes: flags.yes, json: flags.json, signal })
      })
      const isNone = result.project === null && result.machines.length === 0
      this.print(isNone ? `nothing in ${result.root} is foreign` : `the state in ${result.root} is yours now`)
      return result
    }
    let asked = false
    const result = await trust(inputs, async ({ root, uses }) => {
      asked = true
      this.print(usesText(root, uses))
      await confirm({ question: 'Allow this?', yes: flags.yes, json: flags.json, signal })
    })
    if (!asked && result.uses.length > 0) this.print(usesText(result.root, result.uses))
    this.print(
      result.uses.length === 0
        ? `${result.root} uses nothing of this computer outside its machines`
        : `${result.root} is trusted with this; posada trust --revoke takes it back`,
    )
    return result
  }
}
