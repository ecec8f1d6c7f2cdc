import type { StoredBox } from '../box/index.ts'
import { PosadaError } from '../errors/index.ts'
import { exists } from '../lib/files/folders.ts'
import { ensureIdentity, type MachineState } from '../project/index.ts'
import { isUp } from '../provider/index.ts'
import { madeFrom } from './facts/made-from.ts'
import { requireOwnDisks } from './facts/own-disks.ts'
import { inStep } from './in-step.ts'
import { settleDisks } from './layers/settle.ts'
import {
  exportedMachine,
  machineFiles,
  memorySource,
  type SourceFile,
  storedFiles,
} from './moving/contents.ts'
import type { ExportHeader } from './moving/header.ts'
import { describeFiles, writeArchive } from './moving/write-archive.ts'
import type { Sighted } from './observed/look.ts'
import type { Project } from './project.ts'
import { lookAtMade, withLocks } from './snapshot/locked.ts'

export interface ExportOptions {
  /** Of this Posada. */
  posada: string
  /** Whether boxes, and layers that machines lie on, go with it. */
  boxes: boolean
  /** Whether the memory of suspended machines goes with it; without, none may be suspended. */
  memory: boolean
  /** Takes the archive, whole or not at all. */
  write: (archive: AsyncIterable<Buffer>, size: number) => Promise<void>
}

export interface ExportResult {
  project: string
  machines: string[]
  /** Names and versions of the boxes that went with it: `debian/12@20261122.1`. */
  boxes: string[]
  /** Bytes of all files in it. */
  size: number
}

/**
 * Writes manifest, lockfile, boxes and all machines of a project as one archive, for `importMachines` on another host. The
 * machines are shut down: E_EXPORT where one is not. The archive has the keys that log in to them.
 */
export async function exportProject(project: Project, options: ExportOptions): Promise<ExportResult> {
  const names = project.manifest.machines.map(({ name }) => name)
  return withLocks(project, names, async () => {
    const made = await lookAtMade(project, names, false)
    for (const one of made) checkOff(one, options.memory)
    const states: MachineState[] = []
    for (const { previous } of made)
      states.push(await settleDisks(project.paths.machine(previous.spec.name), previous))
    const stored = options.boxes ? await storedOf(project, states) : new Map<string, Stored>()
    const files = [
      ...(await projectFiles(project)),
      ...[...stored.values()].flatMap(({ kind, box }) => storedFiles(kind, box)),
      ...(await Promise.all(states.map((state) => machineFiles(project, state)))).flat(),
      ...states.flatMap((state) => memorySource(project.paths.machine(state.spec.name), state)),
    ]
    const step = { step: 'checksums', message: `reading ${files.length} files` }
    const header: ExportHeader = {
      version: 1,
      posada: options.posada,
      at: new Date().toISOString(),
      project: project.manifest.name,
      id: (await ensureIdentity(project.paths)).id,
      machines: await Promise.all(
        states.map((state) => exportedMachine(project.paths.machine(state.spec.name), state)),
      ),
      files: await inStep(project.emit, step, () => describeFiles(files)),
    }
    const size = header.files.reduce((sum, file) => sum + file.size, 0)
    await inStep(project.emit, { step: 'export', message: 'writing the archive' }, () =>
      options.write(writeArchive(header, files), size),
    )
    return {
      project: header.project,
      machines: states.map(({ spec }) => spec.name),
      boxes: [...stored.values()].flatMap(({ kind, box: { manifest } }) =>
        kind === 'boxes' ? [`${manifest.name}@${manifest.version}`] : [],
      ),
      size,
    }
  })
}

function checkOff({ provider, previous, found }: Sighted, withMemory: boolean): void {
  const { name } = previous.spec
  requireOwnDisks(provider, name)
  if (isUp(found))
    throw new PosadaError('E_EXPORT', `machine ${name} is running`, {
      machine: name,
      value: found.state,
      hint: `posada halt ${name}, then export again`,
    })
  if (previous.suspended === undefined || withMemory) return
  throw new PosadaError('E_EXPORT', `machine ${name} is suspended`, {
    machine: name,
    value: 'suspended',
    hint: `--memory exports what it has in memory, too; or posada resume ${name}, posada halt ${name}`,
  })
}

interface Stored {
  kind: 'boxes' | 'layers'
  box: StoredBox
}

/** Boxes and layers by their digests. A machine on a layer needs its box, too: another machine is made from it. */
async function storedOf(project: Project, states: readonly MachineState[]): Promise<Map<string, Stored>> {
  const stored = new Map<string, Stored>()
  for (const state of states) {
    const box = await project.boxes.byDigest(state.box)
    stored.set(box.digest, { kind: 'boxes', box })
    if (state.layer === undefined) continue
    const layer = await madeFrom(project, state)
    stored.set(layer.digest, { kind: 'layers', box: layer })
  }
  return stored
}

async function projectFiles({ manifest, paths }: Project): Promise<SourceFile[]> {
  const lock = (await exists(paths.lockfile)) ? [{ path: paths.lockfile, member: 'posada.lock' }] : []
  return [{ path: manifest.file, member: 'posada.yaml' }, ...lock]
}
