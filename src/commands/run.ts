import * as Flags from '@oclif/core/flags'
import { withRun } from '../app/index.ts'
import { BaseCommand } from '../base-command.ts'
import { flagValue, passedOn, rawWords, runOutput, splitAtCommand, trustFlag } from '../cli/index.ts'
import { PosadaError } from '../errors/index.ts'
import { parseDuration } from '../lib/values/units.ts'
import { checkPatterns, type RunResult, run } from '../machine/index.ts'

export default class Run extends BaseCommand {
  static override summary = 'Run a command in a throw-away machine; its exit code becomes that of posada.'
  static override description =
    'The machine is made from the manifest, or from --box without one, with those that it depends on; the working folder goes into it (without what .gitignore and .posadaignore name), the command runs there, what --out names comes back, and all is destroyed, whatever ends it. A failure of Posada itself has exit code 125, one of --timeout 124.'
  static override usage = 'run [--] PROGRAM [ARGUMENT...]'
  static override examples = [
    '<%= config.bin %> run --box debian/13 -- sh -c "uname -a; ls"',
    '<%= config.bin %> run --machine web --env TOKEN --out report.xml -- make test',
  ]
  static override flags = {
    yes: trustFlag,
    machine: Flags.string({
      description: 'The machine of the manifest; the only one by default.',
      helpValue: 'NAME',
    }),
    box: Flags.string({ description: 'The box of the machine, in place of a manifest.', helpValue: 'BOX' }),
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

  async run(): Promise<
    RunResult & { kept: string | null; stdout?: string; stderr?: string; truncated?: boolean }
  > {
    const { own, command } = splitAtCommand(this.argv, { ...Run.baseFlags, ...Run.flags })
    const { flags } = await this.parse(Run, own)
    if (command.length === 0)
      throw new PosadaError('E_USAGE', 'no command to run', { hint: 'as in posada run -- make test' })
    const { file, box, timeout, json } = flags
    const out = flags.out ?? []
    checkPatterns(out)
    const { env, secrets } = passedOn(flags.env ?? [], process.env)
    const output = runOutput(json, secrets)
    await this.sweepRuns()
    const options = {
      command: rawWords(command),
      machine: flags.machine,
      workspace: flags.workspace ? process.cwd() : null,
      git: flags.git,
      workdir: flags.workdir,
      env,
      out,
      outDir: flags['out-dir'],
      timeout: timeout === undefined ? null : flagValue('timeout', timeout, parseDuration),
      tty: !json && secrets.length === 0 && process.stdin.isTTY === true && process.stdout.isTTY === true,
      stdin: process.stdin,
      stdout: output.stdout,
      stderr: output.stderr,
      starts: () => this.endProgress(),
    }
    const { result, kept } = await withRun(
      {
        ...(file === undefined ? {} : { file }),
        box,
        cwd: process.cwd(),
        env: process.env,
        emit: this.emit,
        signal: this.signal,
        command: 'posada run',
        askTrust: this.trustAsker(flags),
      },
      (project) => run(project, options),
      (outcome) => flags['keep-on-failure'] && outcome !== null && outcome.exitCode !== 0,
    )
    process.exitCode = result.exitCode
    if (kept !== null)
      this.emit({
        type: 'notice',
        level: 'info',
        message: 'the machine is kept',
        hint: `posada ssh --file ${kept}, and posada destroy --file ${kept} when done`,
      })
    return { ...result, kept, ...(await output.end()) }
  }
}
