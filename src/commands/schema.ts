import { schema } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'

export default class Schema extends BaseCommand {
  static override summary = 'Print the JSON Schema of posada.yaml, for editors.'
  static override examples = ['<%= config.bin %> schema > posada.schema.json']

  async run(): Promise<object> {
    await this.parse(Schema)
    const result = schema()
    this.print(JSON.stringify(result, null, 2))
    return result
  }
}
