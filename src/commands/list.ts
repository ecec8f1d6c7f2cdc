import { list } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'
import { projectsText } from '../cli/index.ts'
import type { ProjectResult } from '../machine/index.ts'

export default class List extends BaseCommand {
  static override summary = 'Show every project of this user that has machines.'
  static override examples = ['<%= config.bin %> list']

  async run(): Promise<{ projects: ProjectResult[] }> {
    await this.parse(List)
    const projects = await list({ env: process.env, emit: this.emit, signal: this.signal })
    this.print(projectsText(projects, this.paint))
    return { projects }
  }
}
