import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of buffers that are really in use. */
export function buffersInUse(): number {
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

/** Bytes of objects and buffers that are really in use. */
export function memoryInUse(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  // What the first has found is given back beside it; the second waits for that.
  collect()
}
