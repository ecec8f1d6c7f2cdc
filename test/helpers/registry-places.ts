import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openBoxStore, parseBoxSource, pushTo, type StoredBox } from '../../src/box/index.ts'
import type { OciSource } from '../../src/box/source/model.ts'
import { temporaryFolder } from './box-files.ts'
import { type ChunkedBox, writeChunkedBox } from './chunked-box.ts'
import { type FakeRegistry, startFakeRegistry } from './fake-registry.ts'

/** A registry in memory, and stores of boxes on both sides of it, which end with the test. */
export async function registryPlaces() {
  const registry = await startFakeRegistry()
  onTestFinished(() => registry.stop())
  const folder = await temporaryFolder(onTestFinished)
  let count = 0
  const env: NodeJS.ProcessEnv = { HOME: folder, PATH: process.env.PATH }
  const context = (store = `store ${count++}`, signal = new AbortController().signal) => ({
    store: openBoxStore(join(folder, store)),
    arch: 'x86_64' as const,
    emit: () => undefined,
    signal,
    env,
    catalogues: [],
  })
  const source = (rest = 'team/shop:1') => parseBoxSource(`oci://${registry.host}/${rest}`, '/') as OciSource
  const here = context()
  const add = async (change: ChunkedBox = {}) =>
    here.store.add(await writeChunkedBox(join(folder, `box ${count++}`), change))
  return {
    registry,
    folder,
    env,
    context,
    source,
    here,
    add,
    push: (box: StoredBox, rest?: string) => pushTo(box, source(rest), here),
  }
}

/** The blobs that were asked for. */
export const blobsGot = ({ requests }: FakeRegistry) =>
  requests.filter((one) => one.startsWith('GET') && one.includes('/blobs/'))
