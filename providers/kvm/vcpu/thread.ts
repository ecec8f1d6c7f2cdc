import { SHARE_ENV, Worker } from 'node:worker_threads'
import { cell, command, createSharedState, type SharedState } from './shared-state.ts'

/** A thread that waits to become a vCPU; see vcpu.ts. */
export interface VcpuThread {
  readonly id: number
  /** Of the machine. */
  readonly cpus: number
  readonly worker: Worker
  readonly shared: SharedState
  /** Resolves when the thread dies of an error. */
  readonly failed: Promise<Error>
  /** Resolves when it is gone. */
  readonly exited: Promise<void>
}

/** Said to a thread instead of what it waits for. */
export const abandoned = 'abandoned'

/** Says something to a thread, which waits for it without Node's event loop. */
export function tell({ worker, shared: { cells } }: VcpuThread, message: unknown): void {
  worker.postMessage(message)
  Atomics.add(cells, cell.told, 1)
  Atomics.notify(cells, cell.told)
}

/**
 * Starts the threads of a machine's vCPUs. They take as long to load as a process of Node does, so they come before
 * anything that the machine is made of, and nothing that takes time to load is imported here.
 *
 * @param workerFile the built worker.ts
 */
export function startVcpuThreads(cpus: number, workerFile: string): VcpuThread[] {
  return Array.from({ length: cpus }, (_, id) => {
    const shared = createSharedState()
    Atomics.store(shared.cells, cell.command, command.pause)
    const worker = new Worker(workerFile, {
      name: `vcpu${id}`,
      workerData: shared.buffer,
      env: SHARE_ENV,
      // It writes nothing, and this process need not make streams of its own for what would come.
      ...{ stdout: true, stderr: true },
      trackUnmanagedFds: false,
    })
    // Listened for from the start: an error without a listener would end the process.
    const failed = new Promise<Error>((resolve) => worker.once('error', resolve))
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    return { id, cpus, worker, shared, failed, exited }
  })
}

/**
 * Waits for the end of threads that are not to become vCPUs, or whose vCPUs are stopped. They end by themselves:
 * terminating a thread that is in native code aborts the process.
 */
export async function abandonThreads(threads: readonly VcpuThread[]): Promise<void> {
  for (const thread of threads) tell(thread, abandoned)
  await Promise.all(threads.map(({ exited }) => exited))
}
