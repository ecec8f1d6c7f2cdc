import { PosadaError } from '../../errors/index.ts'
import { openHttp } from '../../http/index.ts'
import { transfer } from '../download/progress.ts'
import type { FetchContext } from '../import/context.ts'
import type { StoredBox } from '../model.ts'
import type { OciSource } from '../source/model.ts'
import { sourceText } from '../source/parse-source.ts'
import { storePaths } from '../store-paths.ts'
import { dockerCredentials } from './credentials.ts'
import { type Pushed, pushBox } from './push.ts'
import { Registry } from './registry.ts'

/** Milliseconds: a chunk of 32 MiB takes its time on a slow line. */
const answer = 15 * 60_000

/**
 * Puts a box of the store into a registry, under a tag. E_BOX_SOURCE for a target with a digest, and
 * what `pushBox` throws.
 */
export async function pushTo(
  box: StoredBox,
  target: OciSource,
  { store, env, emit, signal }: Pick<FetchContext, 'store' | 'env' | 'emit' | 'signal'>,
): Promise<Pushed & { target: string }> {
  const shown = sourceText(target)
  if (target.tag === null || target.digest !== null)
    throw new PosadaError('E_BOX_SOURCE', `${shown} names a digest; a box is pushed to a tag`, {
      value: shown,
      hint: 'write oci://registry.example.com/team/box:1.2',
    })
  const { tag } = target
  const http = openHttp({ env, timeouts: { answer } })
  try {
    const registry = new Registry({
      ...target,
      actions: 'pull,push',
      credentials: () => dockerCredentials(target, env),
      http,
      emit,
      signal,
    })
    const options = { paths: storePaths(store.dir), registry, tag, shown, emit, signal }
    return { ...(await transfer('sending', shown, emit).during(() => pushBox(box, options))), target: shown }
  } finally {
    await http.close()
  }
}
