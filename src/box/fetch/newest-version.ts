import { isPosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { openHttp } from '../../http/index.ts'
import type { Arch } from '../../lib/values/arch.ts'
import type { BoxSource } from '../source/model.ts'
import { findImage } from './from-catalogue.ts'

/** The newest version that a catalogue has of what a name means; null: it has none, or the source is a place. */
export async function newestVersion(
  source: BoxSource,
  context: {
    arch: Arch
    env: NodeJS.ProcessEnv
    emit: Emit
    signal: AbortSignal
    catalogues: readonly string[]
  },
): Promise<string | null> {
  if (source.kind !== 'name' && source.kind !== 'vagrant') return null
  const http = openHttp({ env: context.env })
  try {
    return (await findImage(source, { ...context, http })).facts.version ?? null
  } catch (error) {
    if (isPosadaError(error, 'E_BOX_MISSING', 'E_BOX_VERSION')) return null
    throw error
  } finally {
    await http.close()
  }
}
