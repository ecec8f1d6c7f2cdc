import { join } from 'node:path'
import { launchProcess } from '../background/index.ts'
import { packageRoot } from '../lib/files/package-root.ts'

/** What a project's network process is told: paths, all absolute. */
export interface ProcessConfig {
  /** The project's id, for the process's title. */
  id: string
  /** Where its NetworkConfig stands. */
  config: string
  /** Held with flock(2) as long as it lives. */
  lock: string
  /** Sockets: for commands, and for captures. */
  control: string
  capture: string
}

/** Milliseconds; it takes a tenth of a second. */
const limit = 30_000

/** Starts the network process and waits until it serves. @throws PosadaError what it failed of, or E_NETWORK_START */
export async function launchNetworkProcess(
  config: ProcessConfig,
  log: string,
  signal?: AbortSignal,
): Promise<void> {
  await launchProcess({
    file: join(packageRoot(), 'dist', 'network.js'),
    config,
    log,
    what: 'the process of the project’s networks',
    code: 'E_NETWORK_START',
    limit,
    ...(signal === undefined ? {} : { signal }),
  })
}
