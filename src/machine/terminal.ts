import { connect, openTerminal, type Terminal, type TerminalOptions } from '../ssh/index.ts'
import { findReachable } from './guest/session.ts'
import type { Project } from './project.ts'

export interface OpenedTerminal extends Terminal {
  /** Ends the shell and the connection. */
  close(): Promise<void>
}

/** The login user's shell in a running machine, on a terminal in the guest; for a terminal that is not this process's own. */
export async function terminal(
  project: Project,
  machine: string,
  options: Omit<TerminalOptions, 'env'>,
): Promise<OpenedTerminal> {
  const { target, env } = await findReachable(project, machine)
  const session = await connect(target, { signal: project.signal })
  try {
    const opened = await openTerminal(session, { ...options, env })
    return { ...opened, close: () => session.close() }
  } catch (error) {
    await session.close()
    throw error
  }
}
