import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { chmod, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { passtArguments, userMtu } from '../../../../providers/kvm/net/passt.ts'
import { entryPoint } from '../../../../providers/kvm/process/entry-points.ts'
import { nodeFlags } from '../../../../providers/kvm/process/launch.ts'
import { createKvmProvider } from '../../../../providers/kvm/provider.ts'
import { qemuArguments } from '../../../../providers/qemu/argv/index.ts'
import type { MachineSpec } from '../../../../src/provider/index.ts'
import type { BenchFiles } from '../guest.ts'
import { type Console, watchConsole } from './console.ts'
import { benchSpec, type Task } from './guest-run.ts'

/** A hypervisor's process with a guest, and the moment it was started. */
export interface Running {
  pid: number
  begun: bigint
  console: Console
  spec: MachineSpec
  /** Ends it and takes everything away. */
  discard(): Promise<void>
}

export interface Vmm {
  name: string
  start(files: BenchFiles, task: Task): Promise<Running>
}

const run = promisify(execFile)

/** Where the built hypervisor lies in the lab, and where it keeps unpacked kernels. */
const entries = '/job/project/dist'
const cacheDir = '/tmp/bench-cache'

/** The built-in hypervisor: its process as `posada up` starts it. */
export const builtIn: Vmm = {
  name: 'posada',
  async start(files, task) {
    const { spec, folder } = await benchSpec(files, task)
    const provider = createKvmProvider({ cacheDir, emit: () => undefined }, entries)
    await provider.create(spec)
    const args = [...nodeFlags, entryPoint('kvm-vmm', entries), spec.name, spec.id]
    writeFileSync(spec.files.consoleLog, '')
    const begun = process.hrtime.bigint()
    const child = started(process.execPath, args, spec)
    child.stdin?.end(JSON.stringify({ spec, entries, cacheDir }))
    return running(child, { begun, spec, folder })
  },
}

interface QemuExtra {
  machine?: string
  args?: string[]
  /** Arguments of another network than QEMU's own. */
  network?: (spec: MachineSpec) => Promise<string[]>
}

/** QEMU with KVM and the arguments that Posada's own provider gives it; the NIC is QEMU's user network. */
export function qemu(name: string, extra: QemuExtra = {}): Vmm {
  return {
    name,
    async start(files, task) {
      const { spec, folder } = await benchSpec(files, task)
      const network = (await extra.network?.(spec)) ?? []
      if (network.length > 0) spec.nics = []
      await createKvmProvider({ cacheDir, emit: () => undefined }, entries).create(spec)
      const args = qemuArguments(spec, {
        accelerator: 'kvm',
        sandbox: true,
        uefi: null,
        options: {
          args: [...network, ...(extra.args ?? [])],
          ...(extra.machine === undefined ? {} : { machine: extra.machine }),
        },
      })
      writeFileSync(spec.files.consoleLog, '')
      const begun = process.hrtime.bigint()
      const child = started('qemu-system-x86_64', args, spec)
      return running(child, { begun, spec, folder })
    },
  }
}

/** QEMU with the same passt as ours, which ends with it. */
export const qemuWithPasst: Vmm = qemu('qemu with passt', {
  async network(spec) {
    const path = join(spec.files.runtimeDir, 'passt.sock')
    const args = passtArguments([]).filter(
      (argument, index, all) => argument !== '--fd' && all[index - 1] !== '--fd',
    )
    // passt does not stay root, and makes its socket as `nobody`.
    await chmod(dirname(spec.files.runtimeDir), 0o755)
    await chmod(spec.files.runtimeDir, 0o777)
    await run('passt', [...args, '--one-off', '--socket', path])
    const mac = spec.nics[0]?.mac ?? ''
    return [
      ...['-netdev', `stream,id=passt,server=off,addr.type=unix,addr.path=${path}`],
      ...['-device', `virtio-net-pci,netdev=passt,mac=${mac},romfile=,host_mtu=${userMtu}`],
    ]
  },
})

function started(program: string, args: string[], spec: MachineSpec): ChildProcess {
  const log = openSync(spec.files.providerLog, 'a')
  try {
    return spawn(program, args, { stdio: ['pipe', 'ignore', log], cwd: '/' })
  } finally {
    closeSync(log)
  }
}

function running(
  child: ChildProcess,
  { folder, ...rest }: Omit<Running, 'pid' | 'console' | 'discard'> & { folder: string },
): Running {
  const ended = once(child, 'exit')
  const why = ended.then(() => readFileSync(rest.spec.files.providerLog, 'latin1').slice(-2000))
  const console = watchConsole(rest.spec.files.consoleLog, why)
  return {
    ...rest,
    console,
    pid: child.pid ?? 0,
    async discard() {
      child.kill('SIGKILL')
      await ended
      console.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
