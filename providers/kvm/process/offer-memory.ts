import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { closeServer, listenAt } from '../net/listen-at.ts'
import { encodeRunHeader, type Run } from '../snapshot/stream.ts'

export interface Offered {
  /** The file of the saved machine but its RAM, as encodeState makes it. */
  state: Uint8Array
  ramSize: number
  /** What of the RAM is not zero. */
  contents: Iterable<Run>
  /** Whether the machine still is as it was when its state was taken. */
  isStill: () => boolean
}

/**
 * Listens at `path` for who writes the file, which may lie where this process cannot write. The first that connects gets
 * it; one that gets no end has got nothing. Resolves once it listens.
 */
export async function offerMemory(
  path: string,
  offered: Offered,
  log: (text: string) => void,
): Promise<void> {
  await rm(path, { force: true })
  const server = await listenAt(path, {}, (socket) => {
    void closeServer(server)
    pipeline(() => streamOf(offered), socket).catch((error) => log(`the memory was not taken: ${error}`))
  })
  server.maxConnections = 1
  // One that no one takes does not keep the process.
  server.unref()
}

async function* streamOf({ state, ramSize, contents, isStill }: Offered): AsyncGenerator<Uint8Array> {
  const size = state.length + ramSize
  yield* piece({ offset: 0, bytes: state })
  for (const { offset, bytes } of contents) {
    if (!isStill()) throw new Error('the machine goes on')
    yield* piece({ offset: state.length + offset, bytes })
  }
  yield encodeRunHeader({ offset: size, bytes: new Uint8Array() })
}

function* piece(run: Run): Generator<Uint8Array> {
  yield encodeRunHeader(run)
  yield run.bytes
}
