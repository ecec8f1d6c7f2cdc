import { createHash, randomBytes } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { withDownload } from '../../../../src/box/download/download.ts'
import type { DownloadContext, Downloaded, DownloadLimits } from '../../../../src/box/download/model.ts'
import type { PosadaEvent } from '../../../../src/events/index.ts'
import { openHttp } from '../../../../src/http/client.ts'
import type { Checksum } from '../../../../src/lib/values/checksum.ts'
import { progressText } from '../../../../src/ui/event-lines.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'
import { type Handler, serve, webServer } from '../../../helpers/web-server.ts'

const content = randomBytes(3_000_000)
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const right: Checksum = { algorithm: 'sha256', hex: sha256(content) }

async function setUp(handler: Handler, limits: Partial<DownloadLimits> = {}) {
  const folder = await temporaryFolder(onTestFinished)
  const server = await webServer(onTestFinished, handler)
  const http = openHttp({ env: {}, timeouts: { connect: 1000, answer: 1000, stall: 1000 } })
  onTestFinished(() => http.close())
  const events: PosadaEvent[] = []
  const abort = new AbortController()
  const context: DownloadContext = {
    folder: join(folder, 'downloads'),
    http,
    emit: (event) => events.push(event),
    signal: abort.signal,
    limits: { delays: [1, 1, 1], ...limits },
  }
  const read = async (file: Downloaded) => ({ ...file, bytes: await readFile(file.path) })
  const get = (checksum: Checksum | null = right, use = read) =>
    withDownload({ url: `${server.url}/box`, checksum, what: 'a box' }, context, { use })
  const parts = async () => readdir(context.folder)
  return { server, context, events, abort, get, parts }
}

/** Of what was on its way when a connection broke, the last pieces may be lost. */
const somewhere = expect.stringMatching(/^bytes=[1-9]\d{4,}-$/)

/** Ends the connection after so many bytes of each answer, the first times. */
function breaking(after: number, times: number, options = {}): Handler {
  const whole = serve(content, options)
  let left = times
  return (request, response) => {
    if (left-- <= 0) return whole(request, response)
    const end = response.end.bind(response)
    response.end = ((bytes: Buffer) => {
      response.write(bytes.subarray(0, after), () => response.socket?.end())
      return response
    }) as typeof end
    whole(request, response)
  }
}

describe('a download', () => {
  it('comes whole and checked, and leaves nothing behind', async () => {
    const { get, parts, events } = await setUp(serve(content))
    const file = await get()
    expect(file.bytes.equals(content)).toBe(true)
    expect(file).toMatchObject({ size: content.length, sha256: right.hex })
    expect(await parts()).toEqual([])
    expect(
      events.filter(({ type }) => type === 'step').map((event) => 'status' in event && event.status),
    ).toEqual(['start', 'done'])
    expect(events).toContainEqual(expect.objectContaining({ type: 'progress', total: content.length }))
  })

  it('tells how far it is, how fast, and how long it takes yet', async () => {
    const { get, events } = await setUp((_, response) => {
      response.writeHead(200, { 'content-length': content.length })
      let sent = 0
      const timer = setInterval(() => {
        response.write(content.subarray(sent, sent + 250_000))
        sent += 250_000
        if (sent >= content.length) response.end()
        if (sent >= content.length) clearInterval(timer)
      }, 100)
      response.on('close', () => clearInterval(timer))
    })
    await get()
    const told = events.filter((event) => event.type === 'progress')
    const [last] = told.filter(({ done }) => done < content.length).slice(-1)
    expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).sort((a, b) => a - b))
    expect(last?.rate).toBeGreaterThan(100_000)
    if (last !== undefined)
      expect(progressText(last)).toMatch(
        /^fetching a box \d+% \([\d.]+MiB of [\d.]+MiB, [\d.]+[KM]iB\/s, [\d.]+m?s left\)$/,
      )
  })

  it('is checked by other algorithms too', async () => {
    const { get } = await setUp(serve(content))
    const hex = createHash('sha512').update(content).digest('hex')
    expect(await get({ algorithm: 'sha512', hex })).toMatchObject({ sha256: right.hex })
  })

  it('goes on by range where the connection breaks, if the server still has the same file', async () => {
    const { get, server } = await setUp(breaking(1_000_000, 2))
    expect((await get()).bytes.equals(content)).toBe(true)
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, somewhere, somewhere])
    expect(server.requests[1]?.headers['if-range']).toBe('"1"')
  })

  it('starts over where the file has changed meanwhile', async () => {
    let tag = 0
    const { get, server } = await setUp((request, response) => {
      const handler = breaking(1_000_000, tag === 0 ? 1 : 0, { etag: `"${tag}"` })
      tag += 1
      handler(request, response)
    })
    expect((await get()).bytes.equals(content)).toBe(true)
    expect(server.requests).toHaveLength(2)
  })

  it('goes on where the last command ended', async () => {
    const { get, parts, server } = await setUp(breaking(1_000_000, 1), { delays: [] })
    await expect(get()).rejects.toMatchObject({ code: 'E_TRANSFER' })
    expect((await parts()).map((name) => name.replace(/^[0-9a-f]{40}/, '')).sort()).toEqual([
      '.json',
      '.part',
    ])
    expect((await get()).bytes.equals(content)).toBe(true)
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, somewhere])
  })

  it('is not fetched again where all of it is there', async () => {
    const { get, server, context, abort } = await setUp(serve(content))
    const stop = get(right, async () => {
      abort.abort(new Error('stopped'))
      throw new Error('stopped')
    })
    await expect(stop).rejects.toThrow('stopped')
    const next = withDownload(
      { url: `${server.url}/box`, checksum: right, what: 'a box' },
      { ...context, signal: new AbortController().signal },
      { use: async ({ sha256 }) => sha256 },
    )
    expect(await next).toBe(right.hex)
    expect(server.requests[1]?.headers.range).toBe(`bytes=${content.length}-`)
  })

  it('is made once by two at the same time; the second finds what it was for', async () => {
    const { server, context } = await setUp(serve(content))
    let made = 0
    const one = () =>
      withDownload({ url: `${server.url}/box`, checksum: right, what: 'a box' }, context, {
        use: async () => {
          made += 1
          return 'made'
        },
        again: async () => (made > 0 ? 'found' : null),
      })
    expect((await Promise.all([one(), one()])).sort()).toEqual(['found', 'made'])
    expect(server.requests).toHaveLength(1)
  })

  it('leaves parts of others alone for a week', async () => {
    const { get, context, parts } = await setUp(serve(content))
    await mkdir(context.folder, { recursive: true })
    const old = join(context.folder, `${'0'.repeat(40)}.part`)
    const young = join(context.folder, `${'1'.repeat(40)}.part`)
    const strange = join(context.folder, 'mine.txt')
    for (const file of [old, young, strange]) await writeFile(file, 'x')
    for (const file of [old, strange]) await utimes(file, 1, 1)
    await get()
    expect((await parts()).sort()).toEqual([`${'1'.repeat(40)}.part`, 'mine.txt'])
  })
})

describe('a hostile or broken server', () => {
  const refused = async (
    handler: Handler,
    limits: Partial<DownloadLimits> = {},
    checksum: Checksum | null = right,
  ) => {
    const set = await setUp(handler, limits)
    const error = await set.get(checksum).then(
      () => 'taken',
      (failure: unknown) => failure,
    )
    return { ...set, error }
  }

  it('that sends other bytes is found out by the checksum, and nothing is kept', async () => {
    const flipped = Buffer.from(content)
    flipped[1_500_000] = (flipped[1_500_000] ?? 0) ^ 1
    const { error, parts, server } = await refused(serve(flipped))
    expect(error).toMatchObject({
      code: 'E_CHECKSUM',
      details: [`expected sha256:${right.hex}`, `got      sha256:${sha256(flipped)}`],
    })
    expect(await parts()).toEqual([])
    expect(server.requests).toHaveLength(1)
  })

  it('whose part of earlier was spoilt is asked for the whole once more', async () => {
    const { get, server, context } = await setUp(breaking(1_000_000, 1), { delays: [] })
    await expect(get()).rejects.toMatchObject({ code: 'E_TRANSFER' })
    const [part = ''] = (await readdir(context.folder)).filter((name) => name.endsWith('.part'))
    await appendFile(join(context.folder, part), 'more')
    expect((await get()).bytes.equals(content)).toBe(true)
    expect(server.requests).toHaveLength(3)
  })

  it('that ends too early is tried a few times', async () => {
    const { error, server } = await refused((_, response) => {
      response.writeHead(200, { 'content-length': content.length })
      response.write('x', () => response.destroy())
    })
    expect(error).toMatchObject({ code: 'E_TRANSFER' })
    expect(server.requests).toHaveLength(4)
  })

  it.each([
    ['too little', content.length - 1000],
    ['too much', content.length + 1000],
  ])('that announces %s is found out, and nothing of it is taken', async (_, length) => {
    const { error } = await refused(
      (_, response) => {
        response.writeHead(200, { 'content-length': length })
        response.write(content, () => response.socket?.end())
      },
      { delays: [] },
    )
    expect(error).toMatchObject({ code: expect.stringMatching(/^E_(TRANSFER|CHECKSUM)$/) })
  })

  it('that sends forever is cut off at the limit', async () => {
    const { error, context } = await refused(
      (_, response) => {
        const more = () => {
          while (response.write(content.subarray(0, 65_536)));
        }
        response.on('drain', more)
        more()
      },
      { unknownSize: 1_000_000 },
      null,
    )
    expect(error).toMatchObject({ code: 'E_TRANSFER', message: expect.stringContaining('sends more than') })
    for (const name of await readdir(context.folder))
      expect((await stat(join(context.folder, name))).size).toBeLessThan(1_100_000)
  })

  it('that announces more than a box may have is not listened to', async () => {
    const { error } = await refused(serve(content), { size: 1000 })
    expect(error).toMatchObject({ code: 'E_TRANSFER', message: expect.stringContaining('more than 1000B') })
  })

  it('that announces more than there is room for is refused at once', async () => {
    const { error } = await refused(
      (_, response) => {
        response.writeHead(200, { 'content-length': 9e14 }).flushHeaders()
      },
      { size: 1e16 },
    )
    expect(error).toMatchObject({ code: 'E_DISK_FULL' })
  })

  it('that stalls is given up', async () => {
    const { error } = await refused((_, response) => void response.write('x'), { delays: [] })
    expect(error).toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringContaining('stopped sending'),
    })
  })

  it('that never answers is given up', async () => {
    const { error } = await refused(() => undefined, { delays: [] })
    expect(error).toMatchObject({ code: 'E_TRANSFER', message: expect.stringContaining('did not answer') })
  })

  it('that drips is given up', async () => {
    const { error } = await refused(
      (_, response) => {
        const drip = setInterval(() => response.write('x'), 50)
        response.on('close', () => clearInterval(drip))
      },
      { delays: [], slowest: { bytes: 1000, period: 300 } },
    )
    expect(error).toMatchObject({ code: 'E_TRANSFER', message: expect.stringContaining('almost stopped') })
  })

  it.each([
    ['another beginning', 'bytes 5-2999999/3000000'],
    ['half of it', 'bytes 1000000-1000001/3000000'],
    ['nonsense', 'bytes everything'],
  ])('that lies about the range (%s) is asked for the whole', async (_, range) => {
    let first = true
    const { get } = await setUp((request, response) => {
      if (request.headers.range === undefined && !first) return serve(content)(request, response)
      if (first) {
        first = false
        return breaking(1_000_000, 1)(request, response)
      }
      response.writeHead(206, { 'content-range': range, etag: '"1"' }).end('lies')
    })
    expect((await get()).bytes.equals(content)).toBe(true)
  })

  it('that answers with a part that was not asked for is refused', async () => {
    const { error, server } = await refused((_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-3/4', 'content-length': 4 }).end('part')
    })
    expect(error).toMatchObject({ code: 'E_TRANSFER' })
    expect(server.requests).toHaveLength(1)
  })

  it('that never has the same file twice, and breaks off each time, is given up', async () => {
    const big = randomBytes(10_000_000)
    let answers = 0
    const { error } = await refused((request, response) => {
      answers += 1
      // In turn as much as counts for something, and less than that again, each time of another file.
      const length = answers % 2 === 1 ? 9_000_000 : 1_000
      if (answers > 40) return void response.writeHead(404).end()
      response.writeHead(200, { 'content-length': big.length, etag: `"${answers}"` })
      response.write(big.subarray(0, length), () => response.socket?.end())
      void request
    })
    expect(error).toMatchObject({ code: 'E_TRANSFER', message: expect.stringContaining('was reset') })
    expect(answers).toBeLessThan(20)
  })

  it('whose parts never fit together is asked for the whole once more, and no further', async () => {
    const big = randomBytes(10_000_000)
    let answers = 0
    const { error } = await refused((request, response) => {
      answers += 1
      if (answers > 40) return void response.writeHead(404).end()
      const from = Number(/\d+/.exec(request.headers.range ?? '0')?.[0])
      const rest = big.length - from
      const headers = { 'content-length': rest, etag: '"1"' }
      if (from === 0) {
        response.writeHead(200, headers)
        response.write(big.subarray(0, 6_000_000), () => response.socket?.end())
      } else
        response
          .writeHead(206, { ...headers, 'content-range': `bytes ${from}-${big.length - 1}/${big.length}` })
          .end(Buffer.alloc(rest))
    })
    expect(error).toMatchObject({ code: 'E_CHECKSUM' })
    expect(answers).toBe(4)
  })

  it('that packs the file on the way is refused', async () => {
    const { error } = await refused((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x')
    })
    expect(error).toMatchObject({ message: expect.stringContaining('compressed (gzip)') })
  })

  it.each([
    [500, 4],
    [503, 4],
    [429, 4],
    [404, 1],
    [403, 1],
  ])('that answers %i is asked %i times', async (status, times) => {
    const { error, server } = await refused((_, response) => void response.writeHead(status).end())
    expect(error).toMatchObject({ code: 'E_TRANSFER', message: expect.stringContaining(String(status)) })
    expect(server.requests).toHaveLength(times)
  })

  it('that asks for a wait of an hour is not waited for', async () => {
    const { error, server } = await refused(
      (_, response) => void response.writeHead(503, { 'retry-after': '3600' }).end(),
    )
    expect(error).toMatchObject({ code: 'E_TRANSFER' })
    expect(server.requests).toHaveLength(1)
  })
})
