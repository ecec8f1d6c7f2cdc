import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provider as kvm } from '../../../providers/kvm/index.ts'
import { forwardsOf, type MachineSpec, type Provider } from '../../../src/provider/index.ts'
import { busyboxGuest } from '../../helpers/busybox-guest.ts'
import { until } from '../../helpers/guest-talk.ts'
import { discard, sandboxMachine } from '../../helpers/sandbox-machine.ts'

/** A machine of the built-in hypervisor with an unmodified kernel, and a shell in it. */
export interface LabGuest {
  provider: Provider
  spec: MachineSpec
  /** Until the guest is up. */
  start(): Promise<void>
  pid(): Promise<number>
  /** Cuts the power by killing the hypervisor; returns when it is gone. */
  cut(): Promise<void>
  /** Runs a command by the guest's shell. Resolves with what it says; rejects where it fails. */
  run(command: string): Promise<string>
  discard(): Promise<void>
}

/** Milliseconds for a guest to come up, or for one command, under emulation. */
const patience = 240_000
const shellPort = 8

/** Made, not started. What differs from a machine of one CPU and 256 MiB with a disk of 64 MiB is in `wanted`. */
export async function labGuest(
  wanted: Partial<Pick<MachineSpec, 'cpus' | 'memory' | 'memoryMin' | 'disks'>> = {},
): Promise<LabGuest> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'posada-lab-cache-'))
  const provider = kvm.create({ cacheDir, emit: () => undefined })
  const guest = await busyboxGuest()
  const boot = { kind: 'kernel' as const, ...guest, cmdline: `${guest.cmdline} guest.shell` }
  const machine = await sandboxMachine({ boot, ...wanted }, shellPort)
  const { spec } = machine
  const pid = async () => {
    const status = await provider.status(spec)
    if (status.state !== 'running' || status.pid === undefined)
      throw new Error(`the machine is ${status.state}`)
    return status.pid
  }
  const readLog = () => readFile(spec.files.consoleLog, 'latin1').catch(() => '')
  await provider.create(spec)
  return {
    provider,
    spec,
    async start() {
      const before = (await readLog()).length
      await provider.start(spec)
      await until('the guest is up', patience, async () =>
        (await readLog()).slice(before).includes('guest is up'),
      )
    },
    pid,
    async cut() {
      process.kill(await pid(), 'SIGKILL')
      await until('it is gone', 10_000, async () => (await provider.status(spec)).state === 'stopped')
    },
    run: (command) => inShell(forwardsOf(spec)[0]?.hostPort ?? 0, command),
    async discard() {
      await discard(provider, machine)
      await rm(cacheDir, { recursive: true, force: true })
    },
  }
}

/** The shell's output up to its last line, which says how the command ended. */
async function inShell(port: number, command: string): Promise<string> {
  const said = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1')
    socket.setTimeout(patience, () => socket.destroy(new Error('no answer')))
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
    })
    socket.once('error', (cause) =>
      reject(new Error(`${command}: ${cause.message}; it said ${text.slice(-2000)}`, { cause })),
    )
    socket.once('close', () => resolve(text))
    socket.write(`{ ${command}\n} 2>&1; echo "ended with $?"; exit\n`)
  })
  const [, output, code] = /^([\s\S]*)ended with (\d+)\n$/.exec(said) ?? []
  if (output === undefined || code !== '0') throw new Error(`${command} failed: ${said.slice(-2000)}`)
  return output
}
