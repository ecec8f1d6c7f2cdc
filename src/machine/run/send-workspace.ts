import { basename, dirname, resolve } from 'node:path'
import { type SshSession, sendFiles } from '../../ssh/index.ts'
import { type WorkspaceOptions, workspacePaths } from './workspace.ts'

export interface SendOptions extends WorkspaceOptions {
  /** The folder of the host. */
  root: string
  /** The folder of the guest; a relative one is in the home of the login user. Made where it is missing. */
  to: string
  signal: AbortSignal
}

/** Sends a folder into the guest without what its ignore files name. E_COPY, E_SSH_LOST. */
export async function sendWorkspace(
  session: SshSession,
  { root, to, git, signal }: SendOptions,
): Promise<void> {
  const [parent, name] = [dirname(resolve(root)), basename(resolve(root))]
  const inside = (await workspacePaths(root, { git })).reverse()
  const paths = [...inside.map((path) => Buffer.concat([Buffer.from(`${name}/`), path])), Buffer.from(name)]
  const files = { kind: 'folder', parent, name, paths, files: inside.length, bytes: 0 } as const
  await sendFiles(session, files, { to, signal, itself: true })
}
