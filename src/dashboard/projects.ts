import { openProject, type ProjectStats } from '../app/index.ts'
import { isPosadaError, PosadaError } from '../errors/index.ts'
import type { Project } from '../machine/index.ts'

export interface ProjectsOptions {
  env: NodeJS.ProcessEnv
  signal: AbortSignal
}

const command = 'posada dashboard'

/** The projects that the page may work on: those of this user's index, and the one it was started in. */
export class Projects {
  readonly #options: ProjectsOptions
  readonly #roots = new Set<string>()
  own: { root: string; name: string } | null = null

  constructor(options: ProjectsOptions) {
    this.#options = options
  }

  /** Looks for a project in a folder or above it. A manifest with problems is one, too. */
  async findOwn(cwd: string): Promise<void> {
    try {
      const { manifest } = await this.#open(cwd, this.#options.signal)
      this.own = { root: manifest.root, name: manifest.name }
      this.#roots.add(manifest.root)
    } catch (error) {
      if (!isPosadaError(error)) throw error
    }
  }

  note(projects: readonly ProjectStats[]): void {
    for (const { root } of projects) this.#roots.add(root)
  }

  /**
   * Opened again for each piece of work, so that the manifest is what it is then. What the project `runs` on this host
   * has to be agreed to on the command line: E_UNTRUSTED.
   */
  async open(
    root: string,
    { signal, runs }: { signal?: AbortSignal; runs?: boolean } = {},
  ): Promise<Project> {
    const signals = [this.#options.signal, ...(signal === undefined ? [] : [signal])]
    const project = this.#roots.has(root) ? await this.#open(root, AbortSignal.any(signals), runs) : null
    if (project?.manifest.root === root) return project
    throw new PosadaError('E_MANIFEST_MISSING', 'there is no posada.yaml', { value: root })
  }

  #open(cwd: string, signal: AbortSignal, runs = false): Promise<Project> {
    const { env } = this.#options
    const common = { cwd, env, emit: () => undefined, signal, command, tolerant: !runs }
    return openProject(runs ? { ...common, fetches: true, askTrust: async () => false } : common)
  }
}
