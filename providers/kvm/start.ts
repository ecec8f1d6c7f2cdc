import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PosadaError } from '../../src/errors/index.ts'
import { rotateFile } from '../../src/lib/files/rotate-file.ts'
import { consoleLogLimit, type MachineSpec } from '../../src/provider/index.ts'
import { kvmFiles, providerLogLimit } from './files.ts'
import { resume } from './pause.ts'
import { launchVmm, type VmmConfig } from './process/launch.ts'
import { status } from './status.ts'

export async function start(config: VmmConfig, signal?: AbortSignal): Promise<void> {
  const { spec } = config
  signal?.throwIfAborted()
  const now = await status(spec)
  if (now.state === 'running') return
  if (now.state === 'paused') return await resume(spec)
  if (now.state === 'absent') {
    throw new PosadaError('E_NOT_CREATED', `machine ${spec.name} has no disks yet`, {
      machine: spec.name,
      hint: 'posada up makes them',
    })
  }
  await prepareFiles(spec)
  // Neither waited for nor flushed, as the machine waits: a power cut that loses it ends the process too.
  writeFileSync(kvmFiles(spec).starting, '', { mode: 0o600 })
  await launchVmm(config, signal)
}

async function prepareFiles(spec: MachineSpec): Promise<void> {
  const { consoleLog, providerLog, runtimeDir } = spec.files
  for (const folder of new Set([dirname(consoleLog), dirname(providerLog)]))
    await mkdir(folder, { recursive: true })
  await mkdir(runtimeDir, { recursive: true, mode: 0o700 })
  await rotateFile(consoleLog, consoleLogLimit)
  await rotateFile(providerLog, providerLogLimit)
}
