import { connect } from 'node:net'

/** Milliseconds for the agent to answer; under emulation a busy guest takes a second. */
const patience = 3000
/** An answer to guest-sync has some 30 bytes; what is longer is not an answer. */
const maxAnswer = 64 * 1024

/**
 * Asks the QEMU guest agent to shut the guest down. False: it does not answer, or another client
 * holds the channel. There is no answer to the order itself: the guest goes down. Source: QEMU
 * guest agent protocol, guest-sync and guest-shutdown.
 */
export async function askAgentToShutDown(path: string, signal?: AbortSignal): Promise<boolean> {
  signal?.throwIfAborted()
  const id = Math.floor(Math.random() * 2 ** 31)
  return await new Promise<boolean>((resolve) => {
    const socket = connect(path)
    let answer = ''
    const finish = (answered: boolean) => {
      clearTimeout(timer)
      if (!answered) socket.destroy()
      resolve(answered)
    }
    const timer = setTimeout(() => finish(false), patience)
    socket.setEncoding('utf8')
    socket.once('error', () => finish(false))
    socket.once('close', () => finish(false))
    socket.once('connect', () =>
      socket.write(`${JSON.stringify({ execute: 'guest-sync', arguments: { id } })}\n`),
    )
    socket.on('data', (text: string) => {
      answer += text
      if (answer.length > maxAnswer) finish(false)
      if (
        !answer
          .split('\n')
          .slice(0, -1)
          .some((line) => acknowledges(line, id))
      )
        return
      socket.removeAllListeners('data')
      socket.end(`${JSON.stringify({ execute: 'guest-shutdown' })}\n`, () => finish(true))
    })
  })
}

function acknowledges(line: string, id: number): boolean {
  return line.replace(/\s/g, '') === `{"return":${id}}`
}
