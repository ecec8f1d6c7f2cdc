import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { asPosadaError } from '../errors/index.ts'
import { captureNetworks, type Project } from '../machine/index.ts'

export interface CaptureDownload {
  /** A network or a machine. */
  spot: string
  /** Opens the project for as long as the signal says. */
  open: (signal: AbortSignal) => Promise<Project>
}

/** Milliseconds after which a capture ends that is not ended before. */
const longest = 600_000

/** Sends what passes on a network as a file, for as long as the download goes on. */
export async function download(response: ServerResponse, { spot, open }: CaptureDownload): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const write = async (bytes: Buffer) => {
    if (!response.headersSent)
      response.writeHead(200, {
        'Content-Type': 'application/vnd.tcpdump.pcap',
        'Content-Disposition': `attachment; filename="${spot.replace(/[^\w.-]/g, '_')}.pcapng"`,
      })
    if (!response.write(bytes)) await once(response, 'drain', { signal: gone.signal })
  }
  try {
    const project = await open(gone.signal)
    await captureNetworks(project, { names: [spot], snaplen: 0, count: null, duration: longest, write })
    response.end()
  } catch (thrown) {
    if (gone.signal.aborted || response.headersSent) return void response.destroy()
    const { code, message } = asPosadaError(thrown)
    response.writeHead(409, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${message} [${code}]\n`)
  }
}
