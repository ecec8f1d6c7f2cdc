import { connect } from 'node:net'
import { FrameSplitter, joinFrame } from '../../src/lib/net/framing.ts'
import { arp, ethernet, everyone, mac } from './frames.ts'

const guest = (10 << 24) + (9 << 16) + (9 << 8) + 2

/** Whether a guest with the address 10.9.9.2 answers ARP to whoever connects to its NIC's socket. */
export async function answersArp(path: string, patience: number): Promise<boolean> {
  const question = ethernet(everyone, mac(1), 0x0806, arp(mac(1), guest - 1, guest))
  const socket = connect(path)
  const splitter = new FrameSplitter()
  return await new Promise<boolean>((resolve, reject) => {
    const ask = () => socket.write(joinFrame([question], question.length))
    const timer = setInterval(ask, 300)
    const deadline = setTimeout(() => finish(() => resolve(false)), patience)
    const finish = (then: () => void) => {
      clearInterval(timer)
      clearTimeout(deadline)
      socket.destroy()
      then()
    }
    socket.on('connect', ask)
    socket.on('error', (error) => finish(() => reject(error)))
    socket.on('data', (chunk) =>
      splitter.push(chunk, ({ bytes, start, end }) => {
        const frame = bytes.subarray(start, end)
        const isReply = frame.readUInt16BE(12) === 0x0806 && frame.readUInt16BE(20) === 2
        if (isReply && frame.readUInt32BE(28) === guest) finish(() => resolve(true))
      }),
    )
  })
}
