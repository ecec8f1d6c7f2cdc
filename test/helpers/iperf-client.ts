import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

export interface IperfClient {
  /** Bytes of the last half second; NaN before the first. */
  last(): number
  /** Ends it; resolves when it has. */
  stop(): Promise<void>
}

const units: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

/** What iperf3 is called with for this: half a minute and more of TCP, told of every half second. */
export const iperfArguments = (server: string) => ['-c', server, '-t', '60', '-i', '0.5', '--forceflush']

/** An iperf3 that says every half second how much went through. */
export function iperfClient(child: ChildProcess): IperfClient {
  let bytes = Number.NaN
  let text = ''
  child.stdout?.on('data', (piece: Buffer) => {
    text += piece
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      const [, amount, unit = ''] = /sec\s+([\d.]+) ([KMG]?)Bytes/.exec(line) ?? []
      if (amount !== undefined) bytes = Number(amount) * (units[unit] ?? Number.NaN)
    }
  })
  return {
    last: () => bytes,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGINT')
      await exit
    },
  }
}
