import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { boxFetcher } from '../../src/app/box/fetcher.ts'
import { type BoxSource, newestVersion, openBoxStore } from '../../src/box/index.ts'
import type { PosadaEvent } from '../../src/events/index.ts'
import type { Arch } from '../../src/lib/values/arch.ts'
import { findBox } from '../../src/machine/box/find-box.ts'
import { outdatedBoxes, updateBoxes } from '../../src/machine/box/update-boxes.ts'
import type { Project } from '../../src/machine/project.ts'
import type { Machine } from '../../src/manifest/index.ts'
import { userPaths } from '../../src/project/user-paths.ts'
import { boxContent, temporaryFolder } from './box-files.ts'
import { aMachine } from './model.ts'
import { projectIn } from './own-paths.ts'
import { tar } from './tar.ts'
import { authorityFile, serve, webServer } from './web-server.ts'

/** The archive of a box `team/web`. */
export const archive = (version: string, disk?: string) =>
  tar([...boxContent({ name: 'team/web', version }, disk)].map(([name, content]) => ({ name, content })))
export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/**
 * A project with a catalogue, and as many users of it as a test asks for, each with a store of their own. All of it
 * ends with the test. `login`: `user:password` that the server wants and the manifest has for its catalogue.
 */
export async function sharedProject({ login = '' } = {}) {
  const folder = await temporaryFolder(onTestFinished)
  const files = new Map<string, Buffer>()
  const server = await webServer(
    onTestFinished,
    (request, response) => {
      const file = files.get(request.url ?? '')
      const wanted = login === '' ? undefined : `Basic ${Buffer.from(login).toString('base64')}`
      if (request.headers.authorization !== wanted) response.writeHead(401).end()
      else if (file === undefined) response.writeHead(404).end()
      else serve(file)(request, response)
    },
    { secure: true },
  )
  const offer = (...versions: string[]) => {
    for (const version of versions) files.set(`/${version}.tar`, archive(version))
    const images = versions.map((version) => ({
      version,
      images: { x86_64: { url: `${version}.tar`, checksum: `sha256:${sha256(archive(version))}` } },
    }))
    const boxes = { 'team/web': { description: 'x', versions: images } }
    files.set('/catalogue.json', Buffer.from(JSON.stringify({ format: 1, boxes })))
  }
  const paths = projectIn(folder)
  const base = login === '' ? server.url : server.url.replace('//', `//${login}@`)
  const catalogues = [`${base}/catalogue.json`]
  const user = (name: string) => {
    const env = { HOME: join(folder, name), SSL_CERT_FILE: authorityFile }
    const store = openBoxStore(join(folder, name, 'boxes'))
    const events: PosadaEvent[] = []
    const common = {
      env,
      emit: (event: PosadaEvent) => events.push(event),
      signal: new AbortController().signal,
    }
    const fetch = {
      ...common,
      store,
      user: userPaths(env),
      catalogues,
    }
    const projectOf = (box: string | Partial<Machine>) => {
      const config = aMachine(typeof box === 'string' ? { box } : box)
      const project = {
        ...common,
        manifest: {
          file: join(folder, 'posada.yaml'),
          root: folder,
          name: 'shop',
          catalogues,
          boxes: {},
          machines: [config],
        },
        paths,
        user: userPaths(env),
        boxes: store,
        fetchBox: boxFetcher(fetch),
        webFiles: { urls: () => ['https://h.example/base.yaml'] },
        newestBox: (source: BoxSource, arch: Arch) => newestVersion(source, { ...fetch, arch }),
        command: 'posada up',
        lockWait: 1000,
      } as unknown as Project
      return { project, config }
    }
    const find = (box: string | Partial<Machine>, change: Partial<Project> = {}) => {
      const { project, config } = projectOf(box)
      return findBox({ ...project, ...change }, config, null)
    }
    const update = (box: string, ...names: string[]) => updateBoxes(projectOf(box).project, names)
    const outdated = (box: string) => outdatedBoxes(projectOf(box).project)
    return { store, projectOf, find, update, outdated, events }
  }
  const lock = () => readFile(paths.lockfile, 'utf8')
  return { folder, files, server, offer, user, lock, paths }
}
