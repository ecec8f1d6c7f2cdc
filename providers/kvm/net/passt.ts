// Not execa: a machine's start waits for it, and loading that takes longer than passt takes.
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { isPosadaError, PosadaError } from '../../../src/errors/index.ts'
import { isErrno } from '../../../src/lib/files/errno.ts'
import { closeAllOnExec } from '../../../src/lib/native/close-on-exec.ts'
import { userNetwork } from '../../../src/lib/net/user-network.ts'
import { socketPair } from '../ffi/sockets.ts'

/** The largest packet that fits a frame of passt's (passt(1), --mtu). */
export const userMtu = 65520

export interface Forward {
  readonly protocol: 'tcp' | 'udp'
  readonly hostAddress: string
  readonly hostPort: number
  readonly guestPort: number
}

export interface PasstOptions {
  readonly forwards: readonly Forward[]
  /** Whether the guest reaches no one outside, and is to wait for no answers of a resolver. */
  readonly isolated?: boolean
  /** The guest's name, for the machine's errors. */
  readonly machine: string
}

/** Lines of passt's own that say nothing about a failure. */
const chatter = /^(Failed to send \d+ bytes to syslog|Don't run as root.*|\s*)$/
const mostComplaint = 4096
/**
 * Bytes on their way from passt to us. It drops the frames that do not fit, and TCP waits for each of them; with the host's
 * default there is room for three of the largest. The other way more room gains nothing: a frame that does not fit waits.
 */
const mostUnread = 2 ** 22
/** Together half a second. */
const portTries = 5
const portDelay = 100

/** A pair of sockets, so that there is no path to find and none to guard: the machine's end, and passt's. */
export function passtPair(): [number, number] {
  return socketPair(mostUnread)
}

/**
 * Starts a passt of its own for one machine at `end` of a pair, a descriptor that stays the caller's. passt goes into
 * the background once it is ready, and ends when the other end is closed everywhere, in whatever way. It makes itself a
 * world of its own by namespaces, so it must not be confined before. Throws E_PASST_MISSING, E_PORT_IN_USE, E_PASST.
 */
export async function startPasst(options: PasstOptions, end: number): Promise<void> {
  // The passt of a machine that was halted just now may be about to end, with its ports still taken.
  for (let left = portTries; ; left -= 1) {
    try {
      return await untilReady(options, end)
    } catch (error) {
      if (left === 0 || !isPosadaError(error, 'E_PORT_IN_USE')) throw error
      await setTimeout(portDelay)
    }
  }
}

/** Runs passt until it is ready and in the background. */
async function untilReady(options: PasstOptions, end: number): Promise<void> {
  const child = startedWith(end, options)
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < mostComplaint) complaint += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(isErrno(error, 'ENOENT') ? missing(options.machine, error) : error))
    child.once('close', resolve)
    // Once in the background it may keep stderr open, so success does not wait for its end.
    child.once('exit', (status) => status === 0 && resolve(0))
  })
  child.stderr?.destroy()
  if (code !== 0) throw failed(options, complaint)
}

function startedWith(end: number, { forwards, isolated }: PasstOptions): ChildProcess {
  closeAllOnExec()
  return spawn('passt', passtArguments(forwards, isolated), {
    stdio: ['ignore', 'ignore', 'pipe', end],
    // In a session of its own, as the machine is: a Ctrl-C is not for it.
    detached: true,
    cwd: '/',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
  })
}

/** passt(1). IPv6 is off as under QEMU: a prefix announced by a host without IPv6 makes guests wait in vain. */
export function passtArguments(forwards: readonly Forward[], isolated = false): string[] {
  const ports = forwards.flatMap(({ protocol, hostAddress, hostPort, guestPort }) => [
    protocol === 'tcp' ? '--tcp-ports' : '--udp-ports',
    `${hostAddress}/${hostPort}:${guestPort}`,
  ])
  const closed = (['tcp', 'udp'] as const)
    .filter((protocol) => !forwards.some((forward) => forward.protocol === protocol))
    .flatMap((protocol) => [`--${protocol}-ports`, 'none'])
  return [
    '--quiet',
    '--ipv4-only',
    ...['--fd', '3'],
    ...['--address', userNetwork.address],
    ...['--netmask', String(userNetwork.prefix)],
    ...['--gateway', userNetwork.gateway],
    ...['--mac-addr', userNetwork.gatewayMac],
    ...['--dns', userNetwork.dns],
    ...['--dns-forward', userNetwork.dns],
    ...['--mtu', String(userMtu)],
    ...(isolated ? ['--no-dhcp-dns'] : []),
    ...ports,
    ...closed,
  ]
}

function missing(machine: string, cause: Error): PosadaError {
  return new PosadaError('E_PASST_MISSING', 'passt is not installed, so the machine would have no network', {
    machine,
    hint: 'install it (Debian, Ubuntu, Fedora: package passt)',
    cause,
  })
}

function failed(options: PasstOptions, complaint: string): PosadaError {
  const details = complaint.split('\n').filter((line) => !chatter.test(line))
  const taken = /Failed to bind .*?'-?-?(?:t|u|tcp-ports|udp-ports) ([^']+)'/.exec(complaint)?.[1]
  if (taken !== undefined) {
    return new PosadaError(
      'E_PORT_IN_USE',
      `host port ${taken} cannot be forwarded: it is in use or not allowed`,
      {
        machine: options.machine,
        value: taken,
        hint: 'choose another host port, or stop the program that has it: ss -ltnp',
        details,
      },
    )
  }
  return new PosadaError('E_PASST', 'passt ended while the network was being started', {
    machine: options.machine,
    hint: 'its output follows; run passt by hand to debug it',
    details,
  })
}
