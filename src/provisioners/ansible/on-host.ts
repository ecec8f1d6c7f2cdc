import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { runGroup } from '../../lib/process/run-group.ts'
import { makeWorkFolder, sweepWorkFolders } from '../../lib/process/work-folder.ts'
import type { AnsibleStep } from '../../manifest/index.ts'
import { clientConfig, quote, type SshSession } from '../../ssh/index.ts'
import type { StepContext } from '../contract.ts'
import { stepError } from '../errors.ts'
import { StepOutput } from '../output.ts'
import { inventory, settings } from './inventory.ts'

const prefix = 'posada-ansible-'

/** Runs a playbook by this computer's Ansible, with the machine's own key and the host key that is recorded of it. */
export async function runOnHost(
  { step, program }: { step: AnsibleStep; program: string },
  session: SshSession,
  context: StepContext,
): Promise<void> {
  await sweepWorkFolders(tmpdir(), prefix)
  const folder = await makeWorkFolder(tmpdir(), prefix)
  const config = join(folder, 'ssh_config')
  const control = join(folder, 'c')
  try {
    const target = { ...session.target, keyFile: session.keyFile, names: [] }
    await writeFile(
      config,
      clientConfig([target], () => context.sshProxy ?? []),
    )
    const { machine } = context
    const vars = { ansible_host: target.hostAlias, ansible_ssh_common_args: `-F ${quote(config)}` }
    await writeFile(join(folder, 'inventory.json'), inventory({ machine, groups: step.groups, vars }))
    await writeFile(join(folder, 'vars.json'), JSON.stringify(step.vars), { mode: 0o600 })
    const args = ['-i', join(folder, 'inventory.json'), '--extra-vars', `@${join(folder, 'vars.json')}`]
    const become = target.user === 'root' ? [] : ['--become']
    const env = { ...settings, ANSIBLE_HOST_KEY_CHECKING: 'True', ANSIBLE_SSH_CONTROL_PATH: control }
    await play([program, ...args, ...become, step.playbook], { step, env }, context)
  } finally {
    // Ansible's ssh leaves the connection that it shares open for a while.
    await execa(
      'ssh',
      ['-F', config, '-o', `ControlPath=${control}`, '-O', 'exit', session.target.hostAlias],
      {
        reject: false,
        stdio: 'ignore',
        timeout: 5000,
      },
    )
    await rm(folder, { recursive: true, force: true })
  }
}

async function play(
  command: readonly string[],
  { step, env }: { step: AnsibleStep; env: Record<string, string> },
  { emit, machine, signal }: StepContext,
): Promise<void> {
  const output = new StepOutput(emit, { step: step.name, machine })
  const { stdout, stderr } = output
  const cwd = dirname(step.playbook)
  const result = await runGroup(command, { cwd, env, stdout, stderr, signal })
  output.finish()
  if (result.code !== 0) throw stepError(step, machine, { ...result, lines: output.lastLines() })
}
