import { BaseCommand } from '../base-command.ts'

export default class Validate extends BaseCommand {
  static override summary = 'Check posada.yaml and show every problem in it.'
  static override examples = [
    '<%= config.bin %> validate',
    '<%= config.bin %> validate --file ci/posada.yaml',
  ]

  async run(): Promise<object> {
    const { flags } = await this.parse(Validate)
    const { validate } = await import('../app/index.ts')
    const { emit, signal } = this
    const result = await validate({ file: flags.file, cwd: process.cwd(), env: process.env, emit, signal })
    const count = result.machines.length
    this.print(`${result.file} is valid: project ${result.name}, ${count} machine${count === 1 ? '' : 's'}`)
    return result
  }
}
