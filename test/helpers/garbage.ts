import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of buffers that are really in use. */
export function buffersInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  // What the first has found is given back beside it; the second waits for that.
  collect()
  return process.memoryUsage().arrayBuffers
}
