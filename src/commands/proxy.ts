import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.ts'
import { proxyText } from '../cli/index.ts'
import { type ProxyResult, proxy } from '../machine/index.ts'

export default class ServeProxy extends BaseCommand {
  static override summary =
    'Serve a SOCKS and HTTP proxy through which programs on this host reach machines by name and private address, until Ctrl-C.'
  static override examples = ['<%= config.bin %> proxy', 'curl -x socks5h://127.0.0.1:1080 http://web/']
  static override flags = {
    port: Flags.integer({
      description:
        'The port of 127.0.0.1; 0 for any free one. 1080 unless given, or a free one if that is in use.',
      min: 0,
      max: 65_535,
      helpValue: 'PORT',
    }),
  }

  /** With --json it is printed as soon as it serves, not at its end. */
  override toSuccessJson(): undefined {
    return undefined
  }

  async run(): Promise<ProxyResult> {
    const { flags } = await this.parse(ServeProxy)
    const project = await this.openProject(flags)
    const example = project.manifest.machines.find(({ networks }) => networks.length > 0)?.name ?? 'MACHINE'
    return proxy(project, {
      port: flags.port ?? null,
      onReady: (result) => {
        if (flags.json) super.logJson(result)
        else this.print(proxyText(result, example))
      },
    })
  }

  override logJson(document: unknown): void {
    if (document !== undefined) super.logJson(document)
  }
}
