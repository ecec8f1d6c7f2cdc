import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openBoxStore, type StoredBox } from '../../../src/box/index.ts'
import { userPaths } from '../../../src/project/user-paths.ts'
import { hasDockerRegistry, startDockerRegistry } from '../../helpers/docker-registry.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { launcher, makePlace } from '../../helpers/posada.ts'
import { serve, type WebServer, webServer } from '../../helpers/web-server.ts'

// A machine of posada/tiny from every kind of place that a box can be in, each into an empty store: six boots, a
// minute with emulated processors. Boxes that boot through firmware have tests of their own (vagrant.test.ts
// from Vagrant's catalogue, ../machine/cloud-image.test.ts), and so have recipes (recipe.test.ts).

let tiny: StoredBox
let work: string
let archive: string
let checksum: string
let web: WebServer
let versions: object[] = []
const cleanups: (() => Promise<void>)[] = []

beforeAll(async () => {
  tiny = await openBoxStore(userPaths().boxes).resolve('posada/tiny', 'x86_64')
  work = await mkdtemp(join(tmpdir(), 'posada-sources-'))
  archive = join(work, 'tiny.tar.zst')
  const others = (await readdir(tiny.dir)).filter((name) => name !== 'box.json')
  await execa('tar', ['--zstd', '-cf', archive, '-C', tiny.dir, 'box.json', ...others])
  const content = await readFile(archive)
  checksum = createHash('sha256').update(content).digest('hex')
  const file = serve(content)
  web = await webServer(
    (cleanup) => cleanups.push(cleanup),
    (request, response) => {
      if (request.url === '/tiny.tar.zst') file(request, response)
      else
        response.end(
          JSON.stringify({ format: 1, boxes: { 'posada/tiny': { description: 'tiny', versions } } }),
        )
    },
  )
})
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
  await rm(work, { recursive: true, force: true })
})

const image = (url: string) => ({ x86_64: { url, checksum: `sha256:${checksum}` } })

describe('a machine that answers over SSH comes of', () => {
  it.each<[string, () => string]>([
    ['a folder', () => `box: ${JSON.stringify(tiny.dir)}`],
    ['an archive', () => `box: ${JSON.stringify(archive)}`],
    ['a URL', () => `box: {from: "${web.url}/tiny.tar.zst", checksum: "sha256:${checksum}"}`],
  ])('%s', async (_, box) => {
    const place = newPlace()
    await comesUp(place, box())
    await place.cleanUp()
  })

  it.skipIf(!hasDockerRegistry)('a registry', async () => {
    const registry = await startDockerRegistry()
    onTestFinished(() => registry.stop())
    const place = newPlace()
    const box = `oci://${registry.host}/team/tiny:1`
    const own = { ...place.env, XDG_DATA_HOME: join(userPaths().boxes, '..', '..') }
    const pushed = await execa(process.execPath, [launcher, 'box', 'push', 'posada/tiny', box], { env: own })
    expect(pushed.exitCode).toBe(0)
    await comesUp(place, `box: ${box}`)
    await place.cleanUp()
  })

  it('a catalogue, and of posada.lock where it is made again with another store', async () => {
    versions = [{ version: '1.0', images: image('/tiny.tar.zst') }]
    const place = newPlace()
    const lines = `catalogues: ["${web.url}/catalogue.json"]\nbox: posada/tiny@~> 1.0`
    await comesUp(place, lines)
    const lock = readFileSync(join(place.dir, 'posada.lock'), 'utf8')
    expect(lock).toContain(tiny.digest)
    await place.json('destroy', '--yes')
    // What is newer now is not available, and is not asked for.
    versions.unshift({ version: '1.1', images: image('/nothing.tar') })
    place.env.XDG_DATA_HOME = emptyStore()
    await comesUp(place, lines)
    expect(readFileSync(join(place.dir, 'posada.lock'), 'utf8')).toBe(lock)
    await place.cleanUp()
  })
})

function newPlace(): MachinesPlace {
  const place = machinesPlace('sources')
  place.env.XDG_DATA_HOME = emptyStore()
  return place
}

function emptyStore(): string {
  const store = makePlace('store')
  onTestFinished(() => store.remove())
  return store.env.XDG_DATA_HOME ?? ''
}

async function comesUp(place: MachinesPlace, lines: string): Promise<void> {
  place.write(`version: 1\n${lines}\nmemory: 128MiB\n`)
  await place.json('up')
  expect(await place.run('exec', '--', 'id', '-un')).toMatchObject({ code: 0, stdout: 'posada\n' })
}
