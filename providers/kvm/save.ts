import { open } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { release } from 'node:os'
import { addAbortSignal } from 'node:stream'
import { sendCommand } from '../../src/background/index.ts'
import { fromSystemError, PosadaError } from '../../src/errors/index.ts'
import { writeAll } from '../../src/lib/files/write-all.ts'
import type { MachineSpec, SaveOptions } from '../../src/provider/index.ts'
import { hostProcessor } from '../../src/provider-kit/index.ts'
import { kvmFiles } from './files.ts'
import { mostStateBytes } from './snapshot/format.ts'
import { decodeRuns } from './snapshot/stream.ts'

/** Milliseconds for the machine to stand still and write back its disks. */
const patience = 60_000
const zeros = Buffer.alloc(1024 * 1024)

/**
 * The machine's process lets it stand still and sends what is to be in the file, for it may write to its own folders only.
 * Holes are left where its RAM is zero.
 */
export async function saveMemory(spec: MachineSpec, path: string, options: SaveOptions = {}): Promise<null> {
  const { signal, onBytes } = options
  signal?.throwIfAborted()
  if (spec.nested) throw cannotSave(spec, 'it may run virtual machines', 'nested')
  if (spec.shares !== undefined) throw cannotSave(spec, 'it has folders mounted', 'shares')
  const { control, memory } = kvmFiles(spec)
  const limits = { timeout: patience, ...(signal === undefined ? {} : { signal }) }
  if ((await sendCommand(control, { name: 'save', ...limits })) === null)
    throw new PosadaError('E_NOT_RUNNING', `machine ${spec.name} is not running`, { machine: spec.name })
  const socket = connect(memory)
  // It is met where the socket is read, which is later.
  socket.on('error', () => undefined)
  if (signal !== undefined) addAbortSignal(signal, socket)
  try {
    await receive(socket, path, { most: spec.memory + mostStateBytes, onBytes })
    return null
  } catch (error) {
    signal?.throwIfAborted()
    throw fromSystemError(error instanceof Error ? Object.assign(error, { path }) : error)
  } finally {
    socket.destroy()
  }
}

async function receive(
  socket: Socket,
  path: string,
  { most, onBytes = () => undefined }: { most: number; onBytes: SaveOptions['onBytes'] },
): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    let end = 0
    for await (const { offset, bytes } of decodeRuns(socket, most)) {
      for (; end < offset; end += Math.min(zeros.length, offset - end))
        onBytes(zeros.subarray(0, Math.min(zeros.length, offset - end)))
      if (bytes.length === 0) await file.truncate(offset)
      await writeAll(file, [bytes], offset)
      onBytes(bytes)
      end = offset + bytes.length
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** What KVM has of a guest's own guests is not saved, nor what serves a folder knows of it. */
function cannotSave({ name }: MachineSpec, why: string, value: string): PosadaError {
  return new PosadaError('E_CAPABILITY', `the memory of machine ${name} cannot be saved: ${why}`, {
    machine: name,
    value,
    hint: `halt the machine instead: posada halt ${name}`,
  })
}

/** What a memory fits: the machine's process compares the rest with what is in the file. */
export async function memoryFacts(): Promise<Record<string, string>> {
  const [linux = 'unknown'] = /^\d+\.\d+/.exec(release()) ?? []
  return { Linux: linux, processor: await hostProcessor() }
}
