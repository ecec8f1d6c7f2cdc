import { PosadaError } from '../../errors/index.ts'
import type { Declared, Places, Providing } from '../project.ts'
import { findScreen } from './find-screen.ts'

/** Path of the Unix socket at which a machine's screen is shown by VNC. E_CAPABILITY where its provider shows none. */
export async function findDisplay(
  project: Declared & Places & Providing,
  machine: string | undefined,
): Promise<string> {
  const { spec, provider } = await findScreen(project, machine)
  const path = provider.localSocket?.(spec, 'display') ?? null
  if (path !== null) return path
  throw new PosadaError(
    'E_CAPABILITY',
    `the provider does not show the screen of machine ${spec.name} by VNC`,
    {
      value: provider.name,
      machine: spec.name,
    },
  )
}
