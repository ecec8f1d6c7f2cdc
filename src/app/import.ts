import { chmod, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fromSystemError, PosadaError } from '../errors/index.ts'
import type { Emit } from '../events/index.ts'
import { exists, namesIn } from '../lib/files/folders.ts'
import { makeFolder } from '../lib/files/make-folder.ts'
import { ArchiveReader, type ExportHeader, importMachines } from '../machine/index.ts'
import { makeOwnFolder, type ProjectPaths, projectPaths, userPaths, withLock } from '../project/index.ts'
import { lazyBoxStore } from './box/store.ts'
import { type OpenProjectOptions, openProject } from './open-project.ts'

export interface ImportOptions extends Pick<OpenProjectOptions, 'cwd' | 'env' | 'emit' | 'signal'> {
  /** The archive of `posada export`, and what to call it in messages. */
  archive: AsyncIterable<Uint8Array>
  shown: string
  /** Where the project is to be; left out: a folder of its name in `cwd`. */
  folder?: string | undefined
  /** Whether memory is taken that comes with it: a hypervisor trusts it. */
  memory: boolean
}

export interface ImportResult {
  project: string
  root: string
  machines: string[]
}

const command = 'posada import'
/** Milliseconds. */
const lockWait = 10_000

/**
 * Brings an exported project into a folder: its manifest and lockfile where the folder has none, its boxes into the store,
 * its machines, which are off. All is unpacked and checked before any of it is used; what an import that was cut short has
 * unpacked is used by the next. E_IMPORT.
 */
export async function importProject(options: ImportOptions): Promise<ImportResult> {
  const { env, emit, signal, cwd } = options
  const reader = new ArchiveReader(untilAborted(options.archive, signal), options.shown)
  try {
    const header = await reader.header()
    const root = resolve(cwd, options.folder ?? header.project)
    const user = userPaths(env)
    const paths = projectPaths(root, user)
    await makeFolder(root)
    await refuseMachines(paths)
    await makeOwnFolder(paths)
    const staging = join(paths.dir, 'import')
    await withLock(join(paths.dir, 'import.lock'), { command, wait: lockWait, signal }, () =>
      unpack(reader, { header, staging, emit }),
    )
    await addBoxes(user, staging, emit)
    await placeFiles(paths, { staging, emit })
    const project = await openProject({
      command,
      cwd: root,
      env,
      emit,
      signal,
      file: join(root, manifestName),
    })
    const machines = await importMachines(
      project,
      options.memory ? header : withoutMemory(header, emit),
      staging,
    )
    for (const name of [staging, join(paths.dir, 'import.lock')])
      await rm(name, { recursive: true, force: true })
    return { project: project.manifest.name, root, machines }
  } catch (error) {
    throw fromSystemError(error)
  } finally {
    await reader.close()
  }
}

const manifestName = 'posada.yaml'

async function* untilAborted(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal) {
  for await (const chunk of bytes) {
    signal.throwIfAborted()
    yield chunk
  }
}

function withoutMemory(header: ExportHeader, emit: Emit): ExportHeader {
  const machines = header.machines.map(({ memory, ...machine }) => {
    if (memory !== undefined)
      emit({
        type: 'notice',
        level: 'warn',
        machine: machine.name,
        message: 'its memory is left out: it boots, as after a power cut',
        hint: 'import with --memory if the file is your own: a hypervisor trusts saved memory',
      })
    return machine
  })
  return { ...header, machines }
}

/** Machines that are there are never mixed with others of the same names. */
async function refuseMachines({ machines, root }: ProjectPaths): Promise<void> {
  const names = await namesIn(machines)
  for (const name of names)
    if (await exists(join(machines, name, 'state.json')))
      throw new PosadaError('E_IMPORT', `${root} has machines of its own`, {
        value: root,
        hint: 'import into another folder: posada import FILE FOLDER',
      })
}

async function unpack(
  reader: ArchiveReader,
  { header, staging, emit }: { header: ExportHeader; staging: string; emit: Emit },
): Promise<void> {
  const step = { step: 'unpack', message: 'unpacking' }
  const total = header.files.length
  await reader.unpack(header, staging, (done) =>
    emit({ type: 'progress', ...step, done, total, unit: 'items' }),
  )
}

async function addBoxes(user: ReturnType<typeof userPaths>, staging: string, emit: Emit): Promise<void> {
  for (const kind of ['boxes', 'layers'] as const) {
    const store = lazyBoxStore(user[kind])
    for (const digest of await namesIn(join(staging, kind))) {
      if ((await store.get(digest)) !== null) continue
      const message = `adding a ${kind === 'boxes' ? 'box' : 'layer'} to the store`
      emit({ type: 'step', status: 'start', step: `add:${digest.slice(0, 12)}`, message })
      const box = await store.add(join(staging, kind, digest))
      emit({ type: 'step', status: 'done', step: `add:${digest.slice(0, 12)}`, message })
      if (box.digest !== digest)
        throw new PosadaError('E_IMPORT', `a box in the archive is not the one that its name says`, {
          value: digest,
          hint: 'export the project again; an archive of someone else may be made to do harm',
        })
    }
  }
}

/** A clone of the project's repository keeps its own. */
async function placeFiles(
  { root }: ProjectPaths,
  { staging, emit }: { staging: string; emit: Emit },
): Promise<void> {
  for (const name of [manifestName, 'posada.lock']) {
    if (!(await exists(join(staging, name)))) continue
    if (!(await exists(join(root, name)))) {
      await chmod(join(staging, name), 0o644)
      await rename(join(staging, name), join(root, name))
    } else emit({ type: 'notice', level: 'info', message: `${name} is there and stays as it is` })
  }
}
