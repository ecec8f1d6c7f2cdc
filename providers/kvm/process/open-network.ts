import { closeSync, writeSync } from 'node:fs'
import type { MachineSpec } from '../../../src/provider/index.ts'

/** What a machine has of the network; null for one without a way out. Native code is loaded only for those that have. */
export async function openNetwork({ nics, name }: MachineSpec): Promise<Network | null> {
  const nic = nics.find(({ kind }) => kind === 'user')
  if (nic?.kind !== 'user') return null
  const [{ passtPair, startPasst }, { socketPair }] = await Promise.all([
    import('../net/passt.ts'),
    import('../ffi/sockets.ts'),
  ])
  const [ours, its] = passtPair()
  const [go, ready] = socketPair()
  const { forwards, isolated = false } = nic
  return {
    descriptors: [ours, ready],
    async start() {
      try {
        await startPasst({ forwards, isolated, machine: name }, its)
        writeSync(go, '\n')
      } finally {
        closeSync(go)
      }
    },
    // passt ends by itself where no machine has the other end.
    close() {
      for (const descriptor of [ours, its, ready]) closeSync(descriptor)
    },
  }
}

/** passt, and what leads to it. */
export interface Network {
  /** The machine's: to passt, and where it hears that passt runs. */
  descriptors: [number, number]
  start(): Promise<void>
  close(): void
}
