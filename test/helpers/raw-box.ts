import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import type { StoredBox } from '../../src/box/index.ts'
import { freePort } from './free-port.ts'

export interface RawBox {
  /** Seconds from the start of the process to the guest's word on the ready port. */
  ready: number
  ssh(command: string): Promise<{ stdout: string; code: number }>
  /** Presses the power button; true when the guest ended by itself within the time. */
  powerOff(seconds: number): Promise<boolean>
  /** Cuts the power, and takes the temporary folder away. */
  discard(): Promise<void>
  console(): string
}

export interface RawOptions {
  /** Kept after `discard`; made where it is not there. */
  disk?: string
  /** Of a disk that is made; the box's own where absent. */
  diskSize?: number
  memory?: string
  /** Emulated processors; two unless said. */
  cpus?: number
  /** Added to the kernel's command line. */
  append?: string
  /** Seconds to wait for `ready`. */
  timeout?: number
}

/** Boots a box with plain QEMU and nothing of Posada's. */
export async function bootRaw(box: StoredBox, options: RawOptions = {}): Promise<RawBox> {
  const dir = await mkdtemp(join(tmpdir(), 'posada-raw-'))
  const disk = options.disk ?? join(dir, 'root.qcow2')
  const base = box.manifest.disks[0]
  if (base === undefined) throw new Error('a box without disks')
  if (!existsSync(disk)) {
    const size = options.diskSize === undefined ? [] : [String(options.diskSize)]
    const backing = ['-F', base.format, '-b', join(box.dir, base.file)]
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, disk, ...size])
  }
  const port = await freePort()
  const started = process.hrtime.bigint()
  const child = spawn(
    'qemu-system-x86_64',
    argv(box, {
      dir,
      disk,
      port,
      memory: options.memory ?? '1G',
      cpus: options.cpus ?? 2,
      append: options.append ?? '',
    }),
    {
      stdio: 'ignore',
    },
  )
  const machine = running(box, { dir, port, child })
  try {
    await awaitReady(join(dir, 'ready'), child, options.timeout ?? 240)
  } catch (error) {
    const end = machine.console().slice(-2000)
    await machine.discard()
    throw new Error(`the box never said that it was ready; its console: ${end}`, { cause: error })
  }
  return { ...machine, ready: Number(process.hrtime.bigint() - started) / 1e9 }
}

function argv(
  { dir: box, manifest }: StoredBox,
  {
    dir,
    disk,
    port,
    memory,
    cpus,
    append,
  }: { dir: string; disk: string; port: number; memory: string; cpus: number; append: string },
): string[] {
  const socket = (id: string) => ['-chardev', `socket,id=${id},path=${join(dir, id)},server=on,wait=off`]
  const { kernel } = manifest
  return [
    ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', String(cpus), '-m', memory],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-chardev', `file,id=console,path=${join(dir, 'console')}`, '-serial', 'chardev:console'],
    ...['-drive', `if=none,id=root,format=qcow2,file=${disk}`, '-device', 'virtio-blk-pci,drive=root'],
    ...['-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${port}-:22`],
    ...['-device', 'virtio-net-pci,netdev=net,romfile=', '-device', 'virtio-rng-pci'],
    ...['-device', 'virtio-serial-pci', ...socket('ready'), ...socket('agent'), ...socket('monitor')],
    ...['-device', 'virtserialport,chardev=ready,name=org.posada.ready.0'],
    ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
    ...['-mon', 'chardev=monitor'],
    ...(kernel === undefined
      ? []
      : [
          ...[
            '-kernel',
            join(box, kernel.kernel.file),
            '-append',
            `${kernel.cmdline} console=ttyS0 ${append}`,
          ],
          ...(kernel.initrd === undefined ? [] : ['-initrd', join(box, kernel.initrd.file)]),
        ]),
  ]
}

function running(
  box: StoredBox,
  { dir, port, child }: { dir: string; port: number; child: ChildProcess },
): Omit<RawBox, 'ready'> {
  const ended = once(child, 'exit')
  return {
    async ssh(command) {
      const { stdout, exitCode } = await execa('ssh', [...sshArguments(box, port), command], {
        reject: false,
        stdin: 'ignore',
      })
      return { stdout, code: exitCode ?? -1 }
    },
    async powerOff(seconds) {
      const monitor = connect(join(dir, 'monitor'))
      await once(monitor, 'connect')
      monitor.write('system_powerdown\n')
      const inTime = await Promise.race([
        ended.then(() => true),
        sleep(seconds * 1000, false, { ref: false }),
      ])
      monitor.destroy()
      return inTime
    },
    async discard() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await ended
      }
      await rm(dir, { recursive: true, force: true })
    },
    console: () => (existsSync(join(dir, 'console')) ? readFileSync(join(dir, 'console'), 'latin1') : ''),
  }
}

/** Arguments of OpenSSH's client up to the command: the cheapest algorithms, any host key, the box's key. */
export function sshArguments({ dir, manifest: { login } }: StoredBox, port: number): string[] {
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'IdentitiesOnly=yes',
    'BatchMode=yes',
    'KexAlgorithms=ecdh-sha2-nistp256',
    'Ciphers=aes128-gcm@openssh.com,aes128-ctr',
    'LogLevel=ERROR',
    'ConnectTimeout=60',
  ]
  const settings = options.flatMap((option) => ['-o', option])
  if (login.key === undefined) throw new Error('a box without a key')
  const address = ['-i', join(dir, login.key.file), '-p', String(port), `${login.user}@127.0.0.1`]
  return ['-F', 'none', ...settings, ...address]
}

/** Waits for the word on the ready port, a socket that QEMU has yet to make. */
export async function awaitReady(path: string, child: ChildProcess, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  const socket = await connected(path, child, deadline)
  socket.setTimeout(seconds * 1000, () => socket.destroy(new Error('it took too long')))
  try {
    let heard = ''
    for await (const chunk of socket) {
      heard += String(chunk)
      if (heard.includes('ready\n')) return
    }
    throw new Error('QEMU ended')
  } finally {
    socket.destroy()
  }
}

/** QEMU binds the socket a moment before it listens. */
async function connected(path: string, child: ChildProcess, deadline: number): Promise<Socket> {
  for (;;) {
    const socket = connect(path)
    const error = await once(socket, 'connect').then(
      () => undefined,
      (cause: unknown) => cause,
    )
    if (error === undefined) return socket
    socket.destroy()
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error('QEMU did not start', { cause: error })
    await sleep(10)
  }
}
