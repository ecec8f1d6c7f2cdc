import { readFile } from 'node:fs/promises'
import { PosadaError } from '../../errors/index.ts'
import type { NetworkConfig } from '../config.ts'

/** Reads what the commands have written. @throws PosadaError E_STATE_CORRUPT */
export async function readNetworkConfig(path: string): Promise<NetworkConfig> {
  const text = await readFile(path, 'utf8')
  try {
    const config = JSON.parse(text) as NetworkConfig
    if (config.version === 1 && Array.isArray(config.networks) && typeof config.project === 'string')
      return config
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new PosadaError('E_STATE_CORRUPT', 'the description of the project’s networks cannot be understood', {
    value: path,
    hint: 'posada up writes it again',
  })
}
