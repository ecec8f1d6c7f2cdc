import { fromSystemError, PosadaError } from '../errors/index.ts'
import type { ProvisionStep } from '../manifest/index.ts'
import type { ExecResult } from '../ssh/index.ts'

/** E_PROVISION_SOURCE: what a step wants from the host is not available. */
export function sourceError(
  step: ProvisionStep,
  path: string,
  { why, cause }: { why: string; cause?: unknown },
): PosadaError {
  return new PosadaError('E_PROVISION_SOURCE', `provision step ${step.name}: ${path} ${why}`, {
    value: path,
    place: step.place,
    hint: 'paths are relative to the manifest that names them',
    cause,
  })
}

/** Turns a system error met while reading `path` into E_PROVISION_SOURCE; returns anything else. */
export function explainSource(step: ProvisionStep, path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof PosadaError) return error
  if (error.code === 'ENOENT') return sourceError(step, path, { why: 'does not exist', cause: error })
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return sourceError(step, path, { why: 'cannot be read: permission denied', cause: error })
  }
  if ('syscall' in error)
    return sourceError(step, path, { why: `cannot be read (${String(error.code)})`, cause: error })
  return fromSystemError(error)
}

/** E_PROVISION_STEP with the last lines of what the step wrote. */
export function stepError(
  step: ProvisionStep,
  machine: string,
  { code, signal, lines }: ExecResult & { lines: readonly string[] },
): PosadaError {
  const how =
    signal === null ? `failed with exit code ${code}` : `was killed by ${signal} (exit code ${code})`
  return new PosadaError('E_PROVISION_STEP', `provision step ${step.name} ${how}`, {
    value: step.name,
    place: step.place,
    machine,
    details: lines,
    hint: isHostScriptWithArguments(step, code)
      ? 'to run a script of this host with arguments, write shell: {path: ./script} and args: [...]'
      : `fix it, then continue from this step: posada provision ${machine}`,
  })
}

/** Whether the guest did not find what reads like a script of the host: `shell: ./setup.sh --fast`. */
function isHostScriptWithArguments(step: ProvisionStep, code: number | null): boolean {
  if (code !== 127 || step.kind !== 'shell' || !('inline' in step.source)) return false
  return /^\.{1,2}\/\S+[ \t]+\S.*$/.test(step.source.inline.trim())
}
