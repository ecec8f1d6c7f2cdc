import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { mostBytes, type Way } from '../../lib/wire/dns-message.ts'

/** Milliseconds for a server: three of them are asked before a guest's own patience of five seconds ends. */
const patience = 1500

export interface ServerQuestion {
  query: Buffer
  /** The bytes of the query up to the end of its question. */
  head: Buffer
  over: Way
}

/**
 * A DNS server's answer with the query's own id, or null where it gives none in time. The id and the port that it is
 * asked with are random ones, so that no one else can answer in its place. `server` may have a port behind `#`:
 * `127.0.0.1#5353`.
 */
export function askServer(server: string, { query, head, over }: ServerQuestion): Promise<Buffer | null> {
  const [address = '', port = '53'] = server.split('#')
  const sent = Buffer.from(query)
  sent.writeUInt16BE(randomInt(0x10000), 0)
  return new Promise((resolve) => {
    const settle = (answer: Buffer | null) => {
      clearTimeout(timer)
      stop()
      if (answer !== null) answer.writeUInt16BE(query.readUInt16BE(0), 0)
      resolve(answer)
    }
    const timer = setTimeout(() => settle(null), patience)
    const heard = (answer: Buffer) => {
      if (isAnswerTo(answer, sent, head)) settle(answer)
    }
    const failed = () => settle(null)
    const asked = { address, port: Number(port), sent, heard, failed }
    const stop = over === 'udp' ? askByUdp(asked) : askByTcp(asked)
  })
}

interface Exchange {
  address: string
  port: number
  sent: Buffer
  heard(answer: Buffer): void
  /** The server cannot be reached, or what it says is not DNS. */
  failed(): void
}

/** Returns what ends it. */
function askByUdp({ address, port, sent, heard, failed }: Exchange): () => void {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  let isOpen = true
  socket.on('error', () => isOpen && failed())
  socket.on('message', (answer) => isOpen && heard(answer))
  // A callback of connect would be called for its failure as well.
  socket.once('connect', () => socket.send(sent, () => undefined))
  socket.connect(port, address)
  return () => {
    if (isOpen) socket.close()
    isOpen = false
  }
}

/** Each message has its length before it (RFC 7766, 8). */
function askByTcp({ address, port, sent, heard, failed }: Exchange): () => void {
  const socket = connect({ port, host: address })
  let held: Buffer = Buffer.alloc(0)
  let isOpen = true
  socket.on('error', () => isOpen && failed())
  socket.on('close', () => isOpen && failed())
  socket.on('data', (bytes) => {
    held = Buffer.concat([held, bytes])
    while (isOpen && held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const end = 2 + held.readUInt16BE(0)
      heard(Buffer.from(held.subarray(2, end)))
      held = held.subarray(end)
    }
    if (isOpen && held.length > 2 + mostBytes.tcp) failed()
  })
  socket.write(Buffer.concat([Buffer.of(sent.length >> 8, sent.length & 255), sent]))
  return () => {
    isOpen = false
    socket.destroy()
  }
}

function isAnswerTo(answer: Buffer, sent: Buffer, head: Buffer): boolean {
  if (answer.length < head.length || answer.readUInt16BE(0) !== sent.readUInt16BE(0)) return false
  const sameQuestion = answer.subarray(12, head.length).equals(sent.subarray(12, head.length))
  return ((answer[2] ?? 0) & 0x80) !== 0 && sameQuestion
}
