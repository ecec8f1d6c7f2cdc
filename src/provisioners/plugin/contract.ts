/** What a package `posada-provisioner-NAME` exports as `provisioner`; `posada/provisioner` has these types. */
export interface ProvisionerPlugin {
  /** The contract's version. */
  contract: 1
  /** A problem for each wrong entry of `with`. Pure. Left out: anything is taken. */
  check?(settings: Settings): SettingProblem[]
  /**
   * Carries a step out. What it throws fails the step, which is then due again: a second run meets what the first has
   * done. It goes on after a restart of the guest by being run again from its beginning.
   */
  run(settings: Settings, guest: StepGuest, context: PluginContext): Promise<void>
}

/** `with:` as it is written, variables put in. */
export type Settings = Readonly<Record<string, unknown>>

export interface SettingProblem {
  /** Leads to the entry from the mapping's root. */
  path: readonly (string | number)[]
  message: string
  hint?: string
}

export interface PluginContext {
  machine: string
  /** The step's name. */
  step: string
  /** The manifest's folder: paths in `with` are relative to it. */
  root: string
  /** Aborted when the user interrupts or the step's time is up. */
  signal: AbortSignal
  /** Tells the user something. */
  say(message: string): void
}

/** The guest, as a step works in it. Each call throws where it fails; what a guest that is gone was asked, too. */
export interface StepGuest {
  /** Runs a script as shell steps do; what it writes is shown. A failure of it is the step's. */
  script(text: string, options?: ScriptOptions): Promise<void>
  /** Runs a program as root, and returns how it ended and what it wrote, at most 1 MiB. Nothing is shown. */
  ask(command: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }>
  /** Writes a file or folder of the host, or a text, as file steps do. `from` is absolute. */
  copy(source: { path: string } | { content: string }, to: string, options?: FileOptions): Promise<void>
}

export interface ScriptOptions {
  args?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** `root` unless given. */
  user?: string
}

export interface FileOptions {
  /** Octal digits, such as `0644`. */
  mode?: string
  owner?: string
  group?: string
}

export const provisionerContract = 1
