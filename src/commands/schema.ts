import { BaseCommand } from '../base-command.ts'

export default class Schema extends BaseCommand {
  static override summary = 'Print the JSON Schema of posada.yaml, for editors.'

  async run(): Promise<object> {
    await this.parse(Schema)
    return {}
  }
}
