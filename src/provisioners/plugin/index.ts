import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { exists } from '../../lib/files/folders.ts'
import type { PluginStep } from '../../manifest/index.ts'
import { capture, type SshSession } from '../../ssh/index.ts'
import type { Provisioner, StepContext } from '../contract.ts'
import { digestOfData } from '../digest.ts'
import { fileProvisioner } from '../file/index.ts'
import { shellProvisioner } from '../shell/index.ts'
import { type ProvisionerPlugin, provisionerContract, type StepGuest } from './contract.ts'

/**
 * Has a plug-in carry a step out. Its code is loaded when the step runs and not before; what makes the step up is known
 * without: the package's content, `with`, and what lies at the paths in it.
 */
export const pluginProvisioner: Provisioner<PluginStep> = {
  async digest(step) {
    const files: [string, string][] = []
    for (const path of pathsIn(step))
      if (await exists(path)) files.push([path, await fileProvisioner.digest(fileStep(step, { path }, '/'))])
    const { kind, uses, code } = step
    return digestOfData({
      kind,
      uses,
      with: step.with,
      code: code.digest,
      files: files.map(([, one]) => one),
    })
  },

  async run(step, session, context) {
    const plugin = await pluginOf(step)
    const { emit, machine, signal = new AbortController().signal } = context
    const say = (message: string) => emit({ type: 'notice', level: 'info', machine, message })
    const guest = guestOf(step, session, context)
    try {
      await plugin.run(step.with, guest, { machine, step: step.name, root: step.root, signal, say })
    } catch (error) {
      signal.throwIfAborted()
      throw error instanceof PosadaError ? error : failed(step, machine, error)
    }
  },
}

/** Loads a step's plug-in and has it look at `with`. E_PROVISIONER_INVALID, E_VALUE_INVALID, E_UNTRUSTED. */
export async function checkPluginStep(step: PluginStep): Promise<void> {
  const { check } = await pluginOf(step)
  const [problem] = check?.(step.with) ?? []
  if (problem === undefined) return
  const { path, message, hint } = problem
  const where = path.length === 0 ? '' : ` in ${path.join('.')}`
  throw new PosadaError(
    'E_VALUE_INVALID',
    `the provisioner ${step.uses} does not take this${where}: ${message}`,
    {
      value: path.join('.') || 'with',
      place: step.place,
      ...(hint === undefined ? {} : { hint }),
    },
  )
}

/** Absolute paths of the host that `with` names: texts that begin with `./` or `../`. */
export function pathsIn(step: Pick<PluginStep, 'with' | 'root'>): string[] {
  const within = (value: unknown): string[] => {
    if (typeof value === 'string') return /^\.{1,2}\//.test(value) ? [resolve(step.root, value)] : []
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(within) : []
  }
  return [...new Set(within(step.with))]
}

async function pluginOf({ uses, code, place }: PluginStep): Promise<ProvisionerPlugin> {
  const plugin = (await code.load()) as Partial<ProvisionerPlugin> | null | undefined
  const problem =
    typeof plugin?.run !== 'function'
      ? 'exports no `provisioner` with a function `run`'
      : plugin.contract !== provisionerContract
        ? `is made for contract ${String(plugin.contract)}, this Posada has ${provisionerContract}`
        : null
  if (problem === null) return plugin as ProvisionerPlugin
  throw new PosadaError('E_PROVISIONER_INVALID', `the provisioner ${uses} ${problem}`, {
    ...{ value: uses, place, hint: 'docs/provisioners.md says what a provisioner exports' },
  })
}

function guestOf(step: PluginStep, session: SshSession, context: StepContext): StepGuest {
  const { name, run, place } = step
  const base = { name, run, timeout: null, retries: 0, reboot: false, place }
  // Each has a mark of its own: only the plug-in's end is the step's.
  const own = () => ({ ...context, mark: { ...context.mark, run: randomBytes(8).toString('hex') } })
  return {
    script: (text, { args = [], env = {}, user = 'root' } = {}) =>
      shellProvisioner.run(
        {
          ...base,
          ...{
            kind: 'shell',
            source: { inline: text },
            args: [...args],
            env: { ...env },
            sensitive: {},
            user,
          },
        },
        session,
        own(),
      ),
    ask: (command) => {
      const { signal } = context
      return capture(session, [...command], { user: 'root', ...(signal === undefined ? {} : { signal }) })
    },
    copy: (source, to, options = {}) =>
      fileProvisioner.run({ ...fileStep(step, source, to), ...options }, session, own()),
  }
}

function fileStep(
  { name, run, place }: PluginStep,
  source: { path: string } | { content: string },
  to: string,
) {
  return {
    ...{ name, run, timeout: null, retries: 0, reboot: false, place },
    ...{ kind: 'file' as const, source, to, mode: null, owner: null, group: null },
  }
}

function failed({ name, uses, place }: PluginStep, machine: string, error: unknown): PosadaError {
  const why = error instanceof Error ? error.message : String(error)
  return new PosadaError('E_PROVISION_STEP', `provision step ${name} failed: ${why}`, {
    ...{ value: name, place, machine, cause: error },
    hint: `the provisioner ${uses} says so; --debug shows where`,
  })
}
