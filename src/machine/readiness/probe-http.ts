import type { ClientChannel } from 'ssh2'
import type { HttpProbe } from '../../manifest/index.ts'
import { untilAborted } from '../until-aborted.ts'
import type { Answer, ProbeContext } from './answer.ts'
import { reach } from './probe-tcp.ts'

/** Bytes in which the status line has to end. */
const lineLimit = 1024

/** Ready as soon as a GET is answered with a status from 200 to 399. */
export async function probeHttp(probe: HttpProbe, { session, signal }: ProbeContext): Promise<Answer> {
  const { host, port } = probe
  const tunnel = await reach(session, { host, port }, signal)
  if ('refused' in tunnel) return { ready: false, answer: `port ${port}: ${tunnel.refused}` }
  try {
    const answer = firstLine(tunnel.channel)
    tunnel.channel.write(request(probe))
    return judge(await untilAborted(signal, answer))
  } finally {
    tunnel.channel.destroy()
  }
}

/** RFC 9112, 3; the manifest's check has made sure that host and path hold no line ends. */
function request({ host, port, path }: HttpProbe): string {
  const name = host.includes(':') ? `[${host}]` : host
  return `GET ${path} HTTP/1.1\r\nHost: ${name}:${port}\r\nUser-Agent: posada\r\nAccept: */*\r\nConnection: close\r\n\r\n`
}

/** RFC 9112, 4: `HTTP/1.1 200 OK`. Pure. */
export function judge(line: string): Answer {
  const [, code] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line) ?? []
  if (code === undefined) {
    return { ready: false, answer: line === '' ? 'no answer to GET' : 'the answer to GET is not HTTP' }
  }
  const status = Number(code)
  if (status >= 200 && status < 400) return { ready: true }
  return { ready: false, answer: `GET was answered with ${line.slice(9, 80)}` }
}

/** The first line that comes, without its end; what came until the end or the limit where there is none. */
function firstLine(channel: ClientChannel): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    channel.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end).replace(/\r$/, ''))
      else if (text.length > lineLimit) resolve(text.slice(0, lineLimit))
    })
    channel.on('error', () => resolve(text)) // the connection broke off: what came is the answer
    channel.once('close', () => resolve(text))
  })
}
