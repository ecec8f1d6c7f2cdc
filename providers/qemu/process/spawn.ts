import { type FileHandle, open } from 'node:fs/promises'
import { type Detached, type Pipe, spawnDetached } from '../../../src/background/index.ts'
import { PosadaError } from '../../../src/errors/index.ts'
import { readTextIfThere, writeFileAtomic } from '../../../src/lib/files/write-file.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { qemuFiles } from '../files.ts'
import { encodeCommand } from '../qmp/codec.ts'

export interface Spawned {
  pid: number
  /** Exit code or signal, once the process has ended. */
  ended: Promise<string>
  /** Where this run's part of the provider's log begins. */
  logOffset: number
}

/**
 * Starts QEMU, which gets three descriptors only: the one command of the event monitor, the file for the
 * events, and the log; and where its network has a guard, the pipes to that; and the file that its memory comes from.
 */
export async function spawnQemu(
  { program, argv }: { program: string; argv: readonly string[] },
  spec: MachineSpec,
  { pipes, memory }: { pipes: readonly Pipe[]; memory?: string | undefined },
): Promise<Spawned> {
  const { events, eventsCommand: command } = qemuFiles(spec)
  const order = encodeCommand(0, 'qmp_capabilities')
  if ((await readTextIfThere(command)) !== order) await writeFileAtomic(command, order)
  const files: FileHandle[] = []
  try {
    const opened = async (path: string, flags: string) => {
      const file = await open(path, flags)
      files.push(file)
      return file
    }
    const stdin = await opened(command, 'r')
    const stdout = await opened(events, 'a')
    await stdout.truncate()
    const log = await opened(spec.files.providerLog, 'a')
    const logOffset = (await log.stat()).size
    const incoming = memory === undefined ? [] : [(await opened(memory, 'r')).fd]
    const further = incoming.length === 0 ? [] : ['-incoming', `fd:${3 + pipes.length}`]
    const stdio = [stdin.fd, stdout.fd, log.fd, ...pipes, ...incoming]
    const child = spawnDetached(program, [...argv, ...further], { stdio })
    const ended = endOf(child)
    await started(child, program)
    child.unref()
    return { pid: child.pid ?? 0, ended, logOffset }
  } finally {
    await Promise.all(files.map((file) => file.close()))
  }
}

function endOf(child: Detached): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
}

async function started(child: Detached, program: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
  } catch (error) {
    throw new PosadaError('E_QEMU_START', `${program} cannot be run: ${message(error)}`, {
      value: program,
      cause: error,
      hint: 'run posada doctor',
    })
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
