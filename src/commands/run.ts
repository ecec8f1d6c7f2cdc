import { dirname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import * as Flags from '@oclif/core/flags'
import { runCells } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'
import {
  flagValue,
  maskedEmit,
  maskedError,
  passedOn,
  type RunDocument,
  rawWords,
  reportRun,
  runOutput,
  splitAtCommand,
  throwAwayFlags,
} from '../cli/index.ts'
import { PosadaError } from '../errors/index.ts'
import { makeFolder } from '../lib/files/make-folder.ts'
import { maskedText } from '../lib/text/masking.ts'
import { parseDuration } from '../lib/values/units.ts'
import { checkPatterns, matrixCells } from '../machine/index.ts'

export default class Run extends BaseCommand {
  static override summary = 'Run a command in a throw-away machine; its exit code becomes that of posada.'
  static override description =
    'Creates the machine of the manifest and those it depends on, or one from --box without a manifest. Copies the working folder into it (except what .gitignore and .posadaignore name), runs the command there, copies back what --out names, and destroys everything, however the command ends. Exits with 125 if Posada itself fails, and with 124 when --timeout has passed. With --matrix, each combination runs in a machine of its own, and the exit code is that of the first one that failed.'
  static override usage = 'run [--] PROGRAM [ARGUMENT...]'
  static override examples = [
    '<%= config.bin %> run --box debian/12 -- sh -c "uname -a; ls"',
    '<%= config.bin %> run --machine web --env TOKEN --out report.xml -- make test',
    '<%= config.bin %> run --matrix box=debian/12,debian/13 --parallel 2 -- make test',
  ]
  static override flags = {
    ...throwAwayFlags,
    service: Flags.string({
      multiple: true,
      description: 'Another machine of the manifest to bring up before the command runs.',
      helpValue: 'NAME',
    }),
    matrix: Flags.string({
      multiple: true,
      description:
        'Run once for each value of box, cpus, memory, provider or a VARIABLE of the command; if repeated, once for each combination.',
      helpValue: 'KEY=A,B',
    }),
    parallel: Flags.integer({
      description: 'How many combinations run at once.',
      helpValue: 'N',
      default: 1,
      min: 1,
      max: 256,
    }),
    wait: Flags.boolean({
      description:
        'Wait until your other runs leave enough memory and processors, first come, first served; --parallel implies it.',
    }),
    retries: Flags.integer({
      description: 'Retry a failure up to this many times, each time in a new machine.',
      helpValue: 'N',
      default: 0,
      min: 0,
      max: 100,
    }),
    env: Flags.string({
      char: 'e',
      multiple: true,
      description:
        'A variable for the command: NAME=VALUE, or NAME, whose value is then hidden in the output.',
      helpValue: 'NAME',
    }),
    out: Flags.string({
      multiple: true,
      description: 'A file or folder to bring back, relative to the workspace; patterns such as out/*.tgz.',
      helpValue: 'PATH',
    }),
    'out-dir': Flags.string({ description: 'Where they come to.', default: '.', helpValue: 'FOLDER' }),
    junit: Flags.string({ description: 'Write a JUnit report to this file.', helpValue: 'FILE' }),
    workdir: Flags.string({
      description: 'Where in the guest the workspace goes; a relative path is in the home folder.',
      default: 'workspace',
      helpValue: 'PATH',
    }),
    workspace: Flags.boolean({ description: 'Send the working folder.', allowNo: true, default: true }),
    git: Flags.boolean({ description: 'Send .git along.' }),
    timeout: Flags.string({ description: 'End it after this time, such as 20m.', helpValue: 'TIME' }),
    'keep-on-failure': Flags.boolean({ description: 'Keep the machine where the command fails.' }),
  }

  protected override readonly interruptHint = null

  async run(): Promise<RunDocument> {
    const { own, command } = splitAtCommand(this.argv, { ...Run.baseFlags, ...Run.flags })
    const { flags } = await this.parse(Run, own)
    if (command.length === 0)
      throw new PosadaError('E_USAGE', 'no command to run', { hint: 'as in posada run -- make test' })
    const { json, parallel, retries, junit } = flags
    const cells = matrixCells(flags.matrix ?? [])
    if (flags.box !== undefined && 'box' in (cells[0]?.values ?? {}))
      throw new PosadaError('E_USAGE', '--box and --matrix box= cannot be combined', {
        hint: 'leave out --box',
      })
    const several = flags.matrix !== undefined
    const out = flags.out ?? []
    checkPatterns(out)
    const { env, secrets } = passedOn(flags.env ?? [], process.env)
    if (junit !== undefined) await makeFolder(dirname(resolve(junit)))
    await this.sweepRuns()
    if (several) this.tellPlainly()
    const emit = maskedEmit(this.emit, secrets)
    const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true
    const shared = several || retries > 0
    const width = Math.max(...cells.map(({ name }) => name.length))
    const results = await runCells({
      cells,
      parallel,
      retries,
      wait: flags.wait || parallel > 1,
      keepOnFailure: flags['keep-on-failure'],
      open: { ...this.runOpening(flags), emit },
      run: {
        command: rawWords(command),
        machine: flags.machine,
        services: flags.service ?? [],
        workspace: flags.workspace ? process.cwd() : null,
        git: flags.git,
        workdir: flags.workdir,
        env,
        out,
        outDir: flags['out-dir'],
        timeout: flags.timeout === undefined ? null : flagValue('timeout', flags.timeout, parseDuration),
        tty: !json && secrets.length === 0 && !shared && isTerminal,
        stdin: shared ? Readable.from([]) : process.stdin,
        starts: () => this.endProgress(),
      },
      output: ({ name }) =>
        runOutput({
          json,
          secrets,
          prefix: several ? `${name.padEnd(width)} | ` : null,
          tail: junit !== undefined,
        }),
    })
    const told = results.map((result) => ({
      ...result,
      error: result.error === null ? null : maskedError(result.error, secrets),
    }))
    const shown = maskedText(command.join(' '), secrets)
    return reportRun(told, { command: shown, junit, json, colour: this.colour, env: process.env, emit })
  }
}
