import { closeSync } from 'node:fs'
import { type Forward, passtPair, startPasst } from '../../providers/kvm/net/passt.ts'
import { StreamLink } from '../../providers/kvm/net/stream-link.ts'

/** A passt, and the link to it, with which it ends. */
export async function passtLink(
  forwards: readonly Forward[],
  onDown: (reason: string) => void = () => undefined,
): Promise<StreamLink> {
  const [ours, its] = passtPair()
  try {
    await startPasst({ forwards, machine: 'test' }, its)
    return StreamLink.overDescriptor(ours, { onDown })
  } catch (error) {
    closeSync(ours)
    throw error
  } finally {
    closeSync(its)
  }
}
