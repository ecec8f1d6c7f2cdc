import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { packageRoot } from '../lib/files/package-root.ts'
import { forkAt } from '../project/index.ts'
import { joinToServer } from '../ssh/index.ts'
import { findReachable } from './guest/session.ts'
import type { Declared, Places, Project } from './project.ts'

/** Joins two streams to the SSH server of a running machine until either side ends. */
export async function sshProxy(
  project: Project,
  machine: string,
  streams: { input: Readable; output: Writable },
): Promise<void> {
  const { target } = await findReachable(project, machine)
  try {
    await joinToServer(target, { ...streams, signal: project.signal })
  } catch (error) {
    // ssh has done with its proxy, and says so by SIGHUP.
    if (!project.signal.aborted) throw error
  }
}

/** The command line that does so, from wherever it is run. */
export function sshProxyCommand({ manifest, paths }: Declared & Places, machine: string): string[] {
  const posada = [process.execPath, join(packageRoot(), 'bin', 'posada.js')]
  const fork = forkAt(paths.root)
  const which = fork === null ? [] : ['--project', fork.name]
  return [...posada, 'ssh-proxy', '--file', manifest.file, ...which, machine]
}
