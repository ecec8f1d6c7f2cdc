import { join, resolve } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { writeFileAtomic } from '../../lib/files/write-file.ts'
import { destroy, type Project } from '../../machine/index.ts'
import { findManifest } from '../../manifest/index.ts'
import { makeRunFolder, type RunFolder, removeRunFolder, userPaths } from '../../project/index.ts'
import { makeWanted } from '../launch-maker.ts'
import { type OpenProjectOptions, openProject } from '../open-project.ts'

export interface OpenRunOptions
  extends Omit<OpenProjectOptions, 'place' | 'tolerant' | 'movesFile' | 'fetches'> {
  /** The box of the only machine, in place of a manifest. */
  box: string | undefined
  /** The box where there is no manifest either. */
  fallbackBox?: string | undefined
  /** What a manifest would hold, in place of one. */
  manifest?: Record<string, unknown> | undefined
}

export interface Ran<T> {
  result: T
  /** Where the machines are that were kept; null: they are gone. */
  kept: string | null
}

export interface OpenedRun {
  project: Project
  folder: RunFolder
  /** Destroys its machines, whatever has interrupted their work, and takes its folder away. */
  end(): Promise<void>
}

/** Opens a project with a folder and machines of its own, which its watchdog destroys where this process does not. */
export async function openRun(options: OpenRunOptions): Promise<OpenedRun> {
  const folder = await makeRunFolder(userPaths(options.env).runs)
  try {
    const project = await openIn(folder, options)
    const end = async () => {
      await takeAway(folder, project)
      makeWanted(project, options.env)
    }
    return { project, folder, end }
  } catch (error) {
    await takeAway(folder, null)
    throw error
  }
}

/**
 * Does `work` on a project whose machines are its own and live no longer than it: whatever ends it, they are
 * destroyed, by this process or by its watchdog. `keeps` says whether they stay after all, by the outcome.
 */
export async function withRun<T>(
  options: OpenRunOptions,
  work: (project: Project, folder: RunFolder) => Promise<T>,
  keeps: (outcome: T | null) => boolean,
): Promise<Ran<T>> {
  const { project, folder, end } = await openRun(options)
  let outcome: T | null = null
  try {
    outcome = await work(project, folder)
  } finally {
    if (!keeps(outcome)) await end()
  }
  if (!keeps(outcome)) return { result: outcome, kept: null }
  await writeFileAtomic(join(folder.path, 'kept'), '')
  await folder.release()
  return { result: outcome, kept: join(folder.path, 'posada.yaml') }
}

async function openIn(
  folder: RunFolder,
  { box: given, fallbackBox, manifest, ...options }: OpenRunOptions,
): Promise<Project> {
  const own = join(folder.path, 'posada.yaml')
  const openOwn = (file: string | undefined) =>
    openProject({ ...options, fetches: true, place: folder.path, ...(file === undefined ? {} : { file }) })
  if (manifest !== undefined) {
    // Every JSON document is a YAML document (YAML 1.2.2, section 1.3).
    await writeFileAtomic(own, JSON.stringify({ version: 1, name: `test-${folder.id}`, ...manifest }))
    return openOwn(own)
  }
  const file =
    options.file === undefined ? await findManifest(options.cwd) : resolve(options.cwd, options.file)
  const named = given ?? (file === null ? fallbackBox : undefined)
  const box = named === undefined ? undefined : fromHere(named, options.cwd)
  if (box === undefined && file === null)
    throw new PosadaError('E_MANIFEST_MISSING', 'no posada.yaml here or in any folder above', {
      hint: 'name a box: posada run --box debian/12 -- make test',
    })
  // What finds the machines again, also when this process is gone.
  const text = box === undefined ? `extends: ${JSON.stringify(file)}` : `box: ${JSON.stringify(box)}`
  await writeFileAtomic(own, `version: 1\nname: run-${folder.id}\n${text}\n`)
  return openOwn(box === undefined ? options.file : own)
}

/** A box of the command line: its path begins where the command does. */
export function fromHere(box: string, cwd: string): string {
  return /^\.\.?\//.test(box) ? resolve(cwd, box) : box
}

/** An interrupted run is cleaned up all the same; a second interrupt ends this process, and the watchdog does it. */
async function takeAway(folder: RunFolder, project: Project | null): Promise<void> {
  if (project !== null) await destroy({ ...project, signal: new AbortController().signal }, [])
  await removeRunFolder(folder)
}
