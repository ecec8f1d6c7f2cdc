import { Command } from '@oclif/core/command'
import * as Flags from '@oclif/core/flags'
import type { AskTrust, OpenProjectOptions, OpenRunOptions } from './app/index.ts'
import { askTrust, hasFlag, hearOutputErrors, interruptible } from './cli/index.ts'
import type { Emit } from './events/index.ts'
import type { Project } from './machine/index.ts'
import {
  makeReporter,
  type Palette,
  palette,
  type Reporter,
  type ReporterOptions,
  useColour,
} from './ui/index.ts'

interface ProjectOptions extends Pick<OpenProjectOptions, 'tolerant' | 'fetches' | 'movesFile' | 'host'> {
  /** Whether the verb does what the manifest says: it fetches what is missing, and asks before it runs things on this host. */
  runs?: boolean
}

/**
 * What all commands have in common: `--json`, `--file`, `--no-color`, `--debug`, progress on stderr,
 * and a signal that tells the work of an interruption. `run` returns the document that `--json`
 * prints; what it prints for people goes through `print`, which is silent with `--json`.
 */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true

  static override baseFlags = {
    json: Flags.boolean({ description: 'Print one JSON document on stdout.', helpGroup: 'COMMON' }),
    file: Flags.string({
      char: 'f',
      description: 'The manifest, instead of posada.yaml here or in a folder above.',
      helpValue: 'FILE',
      helpGroup: 'COMMON',
    }),
    project: Flags.string({
      char: 'p',
      description: 'A fork of the project, by its name: its machines are meant.',
      helpValue: 'FORK',
      helpGroup: 'COMMON',
    }),
    'no-color': Flags.boolean({ description: 'Print no colours (so does NO_COLOR).', helpGroup: 'COMMON' }),
    debug: Flags.boolean({ description: 'Print events and stack traces on stderr.', helpGroup: 'COMMON' }),
  }

  /** What to do after an interruption; null where running the command again does not go on from there. */
  protected readonly interruptHint: string | null =
    'run the command again: it goes on from where things stand'

  /** Aborted when the user interrupts. */
  protected signal: AbortSignal = new AbortController().signal
  /** Colours for stdout. */
  protected paint: Palette = palette(false)
  /** Whether stderr has colours. */
  protected colour = false
  private report: ReporterOptions | undefined
  private reporter: Reporter | undefined

  /** Shows an event. */
  protected readonly emit: Emit = (event) => this.reporter?.emit(event)

  override async init(): Promise<void> {
    await super.init()
    hearOutputErrors()
    const quiet = this.jsonEnabled()
    const off = hasFlag(this.argv, '--no-color')
    this.paint = palette(useColour({ stream: process.stdout, env: process.env, off }))
    this.report = {
      stream: process.stderr,
      colour: useColour({ stream: process.stderr, env: process.env, off }),
      env: process.env,
      quiet,
      debug: hasFlag(this.argv, '--debug'),
    }
    this.colour = this.report.colour
    this.reporter = makeReporter(this.report)
    this.signal = interruptible(
      (message) => this.emit({ type: 'notice', level: 'info', message }),
      this.interruptHint ?? undefined,
    )
  }

  /** The project of the manifest, found from the working folder or named by `--file`. */
  protected async openProject(
    flags: { file?: string | undefined; project?: string | undefined; yes?: boolean; json?: boolean },
    { runs = false, ...options }: ProjectOptions = {},
  ): Promise<Project> {
    const { openProject } = await import('./app/index.ts')
    return openProject({
      ...options,
      ...(runs ? { fetches: true, askTrust: this.trustAsker(flags) } : {}),
      ...this.opening(flags),
    })
  }

  /** How a command opens a project of its own, with throw-away machines. */
  protected runOpening(
    flags: { box: string | undefined } & Parameters<BaseCommand['openProject']>[0],
  ): OpenRunOptions {
    return { ...this.opening(flags), box: flags.box, askTrust: this.trustAsker(flags) }
  }

  private opening({ file, project: fork }: { file?: string | undefined; project?: string | undefined }) {
    return {
      ...(file === undefined ? {} : { file }),
      ...(fork === undefined ? {} : { fork }),
      cwd: process.cwd(),
      env: process.env,
      emit: this.emit,
      signal: this.signal,
      command: `posada ${this.id?.replaceAll(':', ' ') ?? ''}`,
    }
  }

  /** Asks for what a project would run on this computer. */
  protected trustAsker({ yes = false, json = false }: { yes?: boolean; json?: boolean }): AskTrust {
    return (uses, root) => {
      this.endProgress()
      return askTrust({ uses, root, yes, json, signal: this.signal })
    }
  }

  /** Takes away what runs left that were killed, or went down with the host. */
  protected async sweepRuns(): Promise<void> {
    const { sweepRuns } = await import('./app/index.ts')
    await sweepRuns({ env: process.env, emit: this.emit, signal: this.signal })
  }

  /** Writes text to stdout, ended by a line feed; nothing with `--json`. */
  protected print(text: string): void {
    if (this.jsonEnabled()) return
    this.endProgress()
    process.stdout.write(text.endsWith('\n') || text === '' ? text : `${text}\n`)
  }

  /** From now on progress is told line by line, also on a terminal: several commands write to it. */
  protected tellPlainly(): void {
    this.endProgress()
    if (this.report !== undefined) this.reporter = makeReporter({ ...this.report, live: false })
  }

  /** Takes what is shown live off the terminal, before something else is written to it. */
  protected endProgress(): void {
    this.reporter?.close()
  }

  override logJson(document: unknown): void {
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  }

  /** src/cli/report.ts renders all errors alike. */
  override async catch(error: Error): Promise<never> {
    throw error
  }

  override async finally(): Promise<void> {
    this.endProgress()
  }
}
