import type { Emit } from '../../events/index.ts'
import type { UserPaths } from '../../project/index.ts'
import type { ProviderRegistry } from '../provider/registry.ts'

/** What `posada doctor` found out about one thing. */
export interface Check {
  /** Stable: `node`, `provider:qemu`, `disk:boxes`… */
  name: string
  /** `fail`: machines cannot run here; `warn`: something that Posada can do is not available. */
  status: 'ok' | 'warn' | 'fail'
  /** One line: what was tried and what came of it. */
  message: string
  hint?: string
  /** Packages of the distribution that `--fix` installs. */
  packages?: readonly string[]
}

/** What `posada doctor` prints with `--json`. */
export interface DoctorResult {
  /** Whether machines can run on this host. */
  usable: boolean
  /** The provider that `provider: auto` takes, and why; null where none is usable. */
  auto: { provider: string; reason: string } | null
  checks: Check[]
  /** Packages that `--fix` installed. */
  installed: string[]
}

export interface DoctorInputs {
  user: UserPaths
  cwd: string
  providers: Pick<ProviderRegistry, 'all'>
  emit: Emit
  signal: AbortSignal
  /** Where it also looks at what a CI job needs: the job's environment. */
  ci?: NodeJS.ProcessEnv
}
