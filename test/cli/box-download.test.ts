import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { sleep } from '../../src/lib/async/sleep.ts'
import { boxContent, describeFile } from '../helpers/box-files.ts'
import { ended, makePlace } from '../helpers/posada.ts'
import { tar } from '../helpers/tar.ts'
import { authorityFile, serve, webServer } from '../helpers/web-server.ts'

const disk = randomBytes(300_000).toString('hex')
const archive = tar(
  [
    ...boxContent(
      {
        name: 'team/web',
        disks: [{ ...describeFile('root.raw', disk), format: 'raw', virtualSize: 600_064 }],
      },
      disk,
    ),
  ].map(([name, content]) => ({ name, content })),
)
const sha256 = createHash('sha256').update(archive).digest('hex')

/** Serves the archive over https; the first answer stops in the middle and stays open. */
async function setUp() {
  const place = makePlace('project', { SSL_CERT_FILE: authorityFile })
  onTestFinished(place.remove)
  const boxes = join(place.env.XDG_DATA_HOME ?? '', 'posada', 'boxes')
  let first = true
  const server = await webServer(
    onTestFinished,
    (request, response) => {
      if (!first) return serve(archive)(request, response)
      first = false
      response.writeHead(200, { 'content-length': archive.length, etag: '"1"' })
      response.write(archive.subarray(0, 400_000))
    },
    { secure: true },
  )
  const source = `${server.url}/web.tar#sha256=${sha256}`
  const partSize = () => {
    const folder = join(boxes, 'downloads')
    const part = names(folder).find((name) => name.endsWith('.part'))
    return part === undefined ? 0 : statSync(join(folder, part)).size
  }
  return { place, boxes, server, source, partSize }
}

function names(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

it('goes on after kill -9 in the middle of a download; no half box is ever listed', async () => {
  const { place, boxes, server, source, partSize } = await setUp()
  const child = place.start('box', 'add', source)
  const end = ended(child)
  await expect.poll(partSize, { timeout: 20_000, interval: 50 }).toBe(400_000)
  child.kill('SIGKILL')
  await end
  const listed = await place.run('box', 'list', '--json')
  expect(JSON.parse(listed.stdout)).toMatchObject({ boxes: [], damaged: [] })
  expect(names(join(boxes, 'sha256'))).toEqual([])
  const again = await place.run('box', 'add', source, '--json')
  expect(JSON.parse(again.stdout)).toMatchObject({ name: 'team/web' })
  expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=400000-'])
  expect(names(join(boxes, 'downloads'))).toEqual([])
  expect(names(join(boxes, 'tmp'))).toEqual([])
})

it('ends at Ctrl-C with 130, and keeps what it has for the next command', async () => {
  const { place, source, partSize } = await setUp()
  const child = place.start('box', 'add', source)
  const end = ended(child)
  await expect.poll(partSize, { timeout: 20_000, interval: 50 }).toBe(400_000)
  child.kill('SIGINT')
  expect(await end).toMatchObject({ code: 130 })
  expect(partSize()).toBe(400_000)
})

it('killed while it unpacks leaves no box, and the next command takes the leavings away', async () => {
  const { place, boxes } = await setUp()
  const size = 64 * 2 ** 20
  const large = randomBytes(size / 2).toString('hex')
  const disks = [{ ...describeFile('root.raw', large), format: 'raw' as const, virtualSize: size }]
  const members = [...boxContent({ name: 'team/web', disks }, large)]
  writeFileSync(join(place.dir, 'web.tar'), tar(members.map(([name, content]) => ({ name, content }))))
  const unpacked = () => {
    const [folder = ''] = names(join(boxes, 'tmp')).filter((name) => name.startsWith('add-'))
    const file = join(boxes, 'tmp', folder, 'root.raw')
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0
  }
  // On a busy host it may be faster than the look at it; then it is begun again.
  for (let attempt = 0; unpacked() === 0; attempt++) {
    expect(attempt).toBeLessThan(5)
    const child = place.start('box', 'add', './web.tar')
    const end = ended(child)
    while (unpacked() === 0 && child.exitCode === null) await sleep(1)
    child.kill('SIGKILL')
    if ((await end).signal === null) await place.run('box', 'remove', 'team/web')
  }
  expect(unpacked()).toBeLessThan(size)
  const listed = JSON.parse((await place.run('box', 'list', '--json')).stdout)
  expect(listed).toMatchObject({ boxes: [], damaged: [] })
  expect(names(join(boxes, 'sha256'))).toEqual([])
  expect((await place.run('box', 'add', './web.tar')).code).toBe(0)
  expect(names(join(boxes, 'tmp'))).toEqual([])
  expect((await place.run('box', 'verify')).code).toBe(0)
})
