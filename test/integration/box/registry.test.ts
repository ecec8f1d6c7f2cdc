import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { writeChunkedBox } from '../../helpers/chunked-box.ts'
import { type DockerRegistry, hasDockerRegistry, startDockerRegistry } from '../../helpers/docker-registry.ts'
import { machinesPlace } from '../../helpers/machines.ts'
import { type Ended, ended, makePlace, type Place } from '../../helpers/posada.ts'

// Docker's own registry server and skopeo, the built command line, one machine of posada/tiny: 40 s.

let registry: DockerRegistry
beforeAll(async () => {
  registry = await startDockerRegistry()
})
afterAll(() => registry?.stop())

function newPlace(): Place {
  const place = makePlace('boxes')
  onTestFinished(() => place.remove())
  return place
}

async function json<T>(run: Promise<Ended>): Promise<T> {
  const { code, stdout, stderr } = await run
  expect(code, stdout + stderr).toBe(0)
  return JSON.parse(stdout) as T
}

interface Box {
  digest: string
  dir: string
}
const add = (place: Place, source: string) => json<Box>(place.run('box', 'add', '--json', source))
const push = (place: Place, target: string) =>
  json<{ uploaded: number; size: number; digest: string }>(
    place.run('box', 'push', '--json', 'test/one', target),
  )
const whole = async (place: Place) => (await json<{ boxes: Box[] }>(place.run('box', 'list', '--json'))).boxes

describe.skipIf(!hasDockerRegistry)("Docker's own registry", () => {
  it('takes a box and gives it back, and skopeo copies it on', async () => {
    const [here, there, third] = [newPlace(), newPlace(), newPlace()]
    const box = await add(here, await writeChunkedBox(join(here.dir, 'box')))
    const target = `oci://${registry.host}/team/shop:1`
    const pushed = await push(here, target)
    expect(pushed.uploaded).toBe(pushed.size)
    expect((await push(here, target)).uploaded).toBe(0)
    const got = await add(there, target)
    expect(got.digest).toBe(box.digest)

    const plain = ['--tls-verify=false']
    const from = `docker://${registry.host}/team/shop:1`
    const { stdout } = await execa('skopeo', ['inspect', '--raw', ...plain, from])
    expect(JSON.parse(stdout)).toMatchObject({ artifactType: 'application/vnd.posada.box.v1' })
    const copy = ['copy', '--src-tls-verify=false', '--dest-tls-verify=false']
    await execa('skopeo', [...copy, from, `dir:${join(here.dir, 'copy')}`])
    await execa('skopeo', [
      ...copy,
      `dir:${join(here.dir, 'copy')}`,
      `docker://${registry.host}/other/shop:2`,
    ])
    expect((await add(third, `oci://${registry.host}/other/shop@${pushed.digest}`)).digest).toBe(box.digest)
  })

  it('lets in who has logged in, and nobody else', async () => {
    // me:secret, bcrypt of the least cost.
    const htpasswd = 'me:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n'
    const locked = await startDockerRegistry({ htpasswd })
    onTestFinished(() => locked.stop())
    const here = newPlace()
    const box = await add(here, await writeChunkedBox(join(here.dir, 'box')))
    const target = `oci://${locked.host}/shop:1`
    const refused = await here.run('box', 'push', '--json', 'test/one', target)
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'E_REGISTRY_AUTH' } })
    const docker = join(here.env.HOME ?? '', '.docker')
    await mkdir(docker)
    const logIn = (password: string) => {
      const auth = Buffer.from(`me:${password}`).toString('base64')
      return writeFile(join(docker, 'config.json'), JSON.stringify({ auths: { [locked.host]: { auth } } }))
    }
    await logIn('wrong')
    const wrong = await here.run('box', 'add', '--json', target)
    expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { code: 'E_REGISTRY_AUTH' } })
    await logIn('secret')
    await push(here, target)
    expect((await add(here, target)).digest).toBe(box.digest)
  })

  it('is left without half a box by a push that is killed, which the next goes on with', async () => {
    const here = newPlace()
    await add(here, await writeChunkedBox(join(here.dir, 'box')))
    const target = `oci://${registry.host}/killed/push:1`
    await killAt(() => here.start('box', 'push', 'test/one', target), [300, 600, 900])
    const pushed = await push(here, target)
    expect(pushed.uploaded).toBeLessThanOrEqual(pushed.size)
    expect((await add(newPlace(), target)).digest).toMatch(/^[0-9a-f]{64}$/)
  })

  it('gives no half box to one that is killed, which the next goes on with', async () => {
    const [here, there] = [newPlace(), newPlace()]
    const box = await add(here, await writeChunkedBox(join(here.dir, 'box')))
    const target = `oci://${registry.host}/killed/pull:1`
    await push(here, target)
    for (const after of [300, 450, 600, 750, 900]) {
      await killAt(() => there.start('box', 'add', target), [after])
      for (const { digest } of await whole(there)) expect(digest).toBe(box.digest)
    }
    expect((await add(there, target)).digest).toBe(box.digest)
    const store = join(there.env.XDG_DATA_HOME ?? '', 'posada', 'boxes')
    expect(await readdir(join(store, 'tmp'))).toEqual([])
    expect(await readdir(join(store, 'downloads'))).toEqual([])
    expect(JSON.parse((await there.run('box', 'list', '--json')).stdout)).toMatchObject({ damaged: [] })
  })

  it('has a box that a machine is made from', async () => {
    const [place, store] = [machinesPlace('registry'), newPlace()]
    const target = `oci://${registry.host}/posada/tiny:1`
    await json(place.run('box', 'push', '--json', 'posada/tiny', target))
    place.env.XDG_DATA_HOME = store.env.XDG_DATA_HOME
    await json(place.run('box', 'add', '--json', target))
    place.write('version: 1\nbox: posada/tiny\nmemory: 128MiB\n')
    try {
      await place.json('up')
      expect((await place.run('exec', '--', 'id', '-un')).stdout).toBe('posada\n')
    } finally {
      await place.cleanUp()
    }
  })
})

/** Starts a command again and again, and kills it after so many milliseconds each time. */
async function killAt(start: () => ReturnType<Place['start']>, times: readonly number[]): Promise<void> {
  for (const after of times) {
    const child = start()
    const end = ended(child)
    await sleep(after)
    child.kill('SIGKILL')
    await end
  }
}
