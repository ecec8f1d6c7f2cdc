import { createHash } from 'node:crypto'
import type { ShellStep } from '../../manifest/index.ts'
import { exec } from '../../ssh/index.ts'
import { markedArgument, noteEnd, stepFolder } from '../between-steps.ts'
import { removeLater } from '../clean.ts'
import type { Provisioner } from '../contract.ts'
import { digestOfData } from '../digest.ts'
import { stepError } from '../errors.ts'
import { StepOutput } from '../output.ts'
import { runnerScript } from './runner-script.ts'
import { readScript } from './script.ts'

/**
 * Runs a script in the guest. A script with a `#!` line is executed as it is; any other runs with
 * `bash -e`, or `sh -e` where the guest has no bash, so that the first command that fails fails the
 * step. Its stdin is empty, its folder the login user's home, its environment what the guest gives
 * the user, the step's `env` and its secrets. Script and environment travel through stdin: neither is ever on a
 * command line. The script lies in a folder under /tmp that only its user can enter, until it ends. The step is
 * done then; what it left in the background goes on.
 */
export const shellProvisioner: Provisioner<ShellStep> = {
  async digest(step) {
    const script = await readScript(step)
    // Neither values nor where they come from: what is recorded must not help to guess them.
    const names = Object.keys(step.sensitive).sort()
    return digestOfData({
      kind: step.kind,
      script: createHash('sha256').update(script).digest('hex'),
      args: step.args,
      env: Object.entries(step.env).sort(([a], [b]) => (a < b ? -1 : 1)),
      user: step.user,
      ...(names.length === 0 ? {} : { sensitive: names }),
    })
  },

  async run(step, session, { emit, machine, mark, secrets, signal }) {
    const script = await readScript(step)
    const folder = stepFolder(mark)
    const output = new StepOutput(emit, { step: step.name, machine, secrets: Object.values(secrets) })
    const setting = { env: { ...step.env, ...secrets }, user: step.user }
    const command = [
      '/bin/sh',
      '-c',
      runnerScript(folder, script),
      markedArgument(mark, step.name),
      ...step.args,
    ]
    try {
      const result = await exec(session, command, {
        ...setting,
        stdin: script,
        stdout: output.stdout,
        stderr: output.stderr,
        leaveBackground: true,
        whenEnded: noteEnd(mark),
        ...(signal === undefined ? {} : { signal }),
      })
      output.finish()
      if (result.code !== 0) throw stepError(step, machine, { ...result, lines: output.lastLines() })
    } catch (error) {
      output.finish()
      await removeLater(session, folder, step.user)
      throw error
    }
  },
}
