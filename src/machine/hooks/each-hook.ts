import { isPosadaError, PosadaError } from '../../errors/index.ts'
import { abortAfter } from '../../lib/async/time-limit.ts'
import type { Hook, HookVerb, Machine } from '../../manifest/index.ts'
import { readState, unlessDamaged } from '../../project/index.ts'
import { StepOutput } from '../../provisioners/index.ts'
import { connect, exec } from '../../ssh/index.ts'
import { sshTarget } from '../guest/target.ts'
import { inStep } from '../in-step.ts'
import { conditionOf } from '../observed/observe.ts'
import type { HostHooks, Places, Providing, Reporting } from '../project.ts'

export type Surroundings = HostHooks & Places & Providing & Reporting

export interface Moment {
  when: 'before' | 'after'
  verb: HookVerb
}

/**
 * Runs a machine's hooks of a moment, one after another. Those of the guest are left out where it does not run. E_HOOK
 * where one fails that has to succeed; another is reported.
 */
export async function runEachHook(project: Surroundings, config: Machine, moment: Moment): Promise<void> {
  for (const [index, hook] of config.hooks[moment.when][moment.verb].entries()) {
    project.signal.throwIfAborted()
    const name = `${moment.when}-${moment.verb}-${index + 1}`
    try {
      await runHook(project, { hook, name, config }, moment)
    } catch (error) {
      if (hook.onError === 'fail' || !isPosadaError(error) || project.signal.aborted) throw error
      const { message, hint } = error
      const more = hint === undefined ? {} : { hint }
      project.emit({ type: 'notice', level: 'warn', machine: config.name, message, ...more })
    }
  }
}

interface Running {
  hook: Hook
  name: string
  config: Machine
}

async function runHook(project: Surroundings, running: Running, moment: Moment): Promise<void> {
  const { hook, name, config } = running
  const machine = config.name
  const target = hook.in === 'guest' ? await guestTarget(project, machine) : null
  if (hook.in === 'guest' && target === null) return
  const output = new StepOutput(project.emit, { kind: 'hook', step: name, machine })
  const env = { ...config.env, POSADA_MACHINE: machine, POSADA_HOOK: `${moment.when}-${moment.verb}` }
  const { stdout, stderr } = output
  const work = async (signal: AbortSignal) => {
    if (target === null) return project.runHook(hook, { env, stdout, stderr, signal })
    const session = await connect(target, { signal })
    try {
      const options = { env, user: 'root', stdout, stderr, signal, leaveBackground: true }
      return await exec(session, ['/bin/sh', '-c', hook.run], options)
    } finally {
      await session.close()
    }
  }
  const message = `hook ${moment.when} ${moment.verb}: ${shown(hook.run)}`
  await inStep(project.emit, { machine, step: `hook:${name}`, message }, async () => {
    const late = () => failed(running, `took longer than its timeout of ${hook.timeout / 1000} s`)
    const result = await abortAfter({ limit: hook.timeout, late, signal: project.signal }, work)
    output.finish()
    if (result.code !== 0) throw failed(running, `failed with exit code ${result.code}`, output.lastLines())
  })
}

/** Null where the guest does not run, or was never logged in to. */
async function guestTarget(project: Places & Providing, machine: string) {
  const paths = project.paths.machine(machine)
  const state = await unlessDamaged(readState(paths))
  if (state === null) return null
  const provider = await project.providers.get(state.provider)
  const { name } = await conditionOf(provider, state)
  return name === 'running' ? sshTarget(provider, state, paths) : null
}

function failed({ hook, config }: Running, how: string, details: string[] = []): PosadaError {
  return new PosadaError('E_HOOK', `the hook ${JSON.stringify(shown(hook.run))} ${how}`, {
    value: hook.run,
    place: hook.place,
    machine: config.name,
    details,
    hint: 'fix it and run the command again; on_error: warn only reports it',
  })
}

function shown(command: string): string {
  const line = command.split('\n', 1)[0] ?? ''
  return line.length > 60 || line !== command ? `${line.slice(0, 60)}…` : line
}
