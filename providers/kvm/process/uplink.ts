import { Socket } from 'node:net'
import { PosadaError } from '../../../src/errors/index.ts'
import { KeptLink } from '../net/kept-link.ts'
import { StreamLink, type StreamLinkOptions } from '../net/stream-link.ts'
import type { Uplink } from './vmm-config.ts'

/** A machine's way to the outside, through all restarts of its guest. */
export interface OpenUplink {
  link: KeptLink
  /** Resolves when passt runs; rejects with E_PASST where it does not, of which the launcher knows why. */
  ready: Promise<void>
}

export function openUplink({ passt, ready }: Uplink, options: StreamLinkOptions): OpenUplink {
  const runs = new Promise<void>((resolve, reject) => {
    const socket = new Socket({ fd: ready })
    socket.once('data', () => {
      resolve()
      socket.destroy()
    })
    socket.once('end', () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.once('close', () => reject(new PosadaError('E_PASST', 'passt was not started')))
  })
  // A failure is met where it is awaited, which is later.
  runs.catch(() => undefined)
  return { link: new KeptLink(StreamLink.overDescriptor(passt, options)), ready: runs }
}
