import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type WebFilesOptions, webFiles } from '../../../src/fetched-files/fetched-files.ts'
import { parseWebAddress } from '../../../src/lib/net/web-address.ts'
import { fetchScripts } from '../../../src/machine/provision/steps.ts'
import { readScript } from '../../../src/provisioners/shell/script.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'
import { aMachine } from '../../helpers/model.ts'
import { projectIn } from '../../helpers/own-paths.ts'
import { webServer } from '../../helpers/web-server.ts'

const hex = (text: string) => createHash('sha256').update(text).digest('hex')
const use = { what: 'the base manifest', limit: 1000 }

/** A project, a server that answers as `answers` says, and one user of both. */
async function setUp(answers: Record<string, string | ((response: ServerResponse) => void)> = {}) {
  const folder = await temporaryFolder(onTestFinished)
  const server = await webServer(onTestFinished, ({ url = '' }, response) => {
    const answer = answers[url]
    if (answer === undefined) response.writeHead(404).end()
    else if (typeof answer === 'string') response.end(answer)
    else answer(response)
  })
  const paths = projectIn(folder)
  const cache = join(folder, 'cache')
  const files = (options: Partial<WebFilesOptions> = {}) =>
    webFiles({
      paths,
      cache,
      env: {},
      emit: () => undefined,
      signal: new AbortController().signal,
      command: 'posada up',
      lockWait: 1000,
      delays: [],
      ...options,
    })
  const address = (path: string) => {
    const parsed = parseWebAddress(path.startsWith('http') ? path : server.url + path)
    if ('problem' in parsed) throw new Error(parsed.problem)
    return parsed
  }
  const text = async (path: string, options: Partial<WebFilesOptions> = {}) => {
    const all = files(options)
    const { bytes } = await all.get(address(path), use)
    await all.keep()
    return Buffer.from(bytes).toString()
  }
  const lock = () => readFile(paths.lockfile, 'utf8')
  return { answers, server, paths, cache, files, address, text, lock }
}

describe('a file from the web', () => {
  it('is fetched once and pinned; from then on no server is asked for it', async () => {
    const { answers, server, text, lock } = await setUp({ '/a': 'one' })
    expect(await text('/a')).toBe('one')
    expect(await lock()).toContain(`files:\n  ${server.url}/a: sha256:${hex('one')}\n`)
    answers['/a'] = 'two'
    expect(await text('/a')).toBe('one')
    expect(await text('/a', { fetches: 'nothing' })).toBe('one')
    expect(server.requests).toHaveLength(1)
  })

  it('that several want at once is fetched once', async () => {
    const { server, files, address } = await setUp({ '/a': 'one' })
    const all = files()
    await Promise.all([all.get(address('/a'), use), all.get(address('/a'), use)])
    expect(server.requests).toHaveLength(1)
  })

  it('is had again where the cache was emptied or changed meanwhile', async () => {
    const { cache, server, files, address } = await setUp({ '/a': 'one' })
    const all = files()
    const get = async () => Buffer.from((await all.get(address('/a'), use)).bytes).toString()
    const step = {
      kind: 'shell' as const,
      name: 'a',
      source: address('/a'),
      args: [],
      env: {},
      sensitive: {},
      user: 'root',
    }
    const place = { file: 'posada.yaml', line: 1, column: 1 }
    const written = { ...step, run: 'changed' as const, retries: 0, reboot: false, timeout: null, place }
    const [script] = await fetchScripts({ webFiles: all } as never, aMachine({ provision: [written] }))
    expect(await get()).toBe('one')
    expect(await get()).toBe('one')
    expect(server.requests).toHaveLength(1)
    await rm(cache, { recursive: true })
    // What was handed out before runs as it was checked.
    expect(String(script?.kind === 'shell' && (await readScript(script)))).toBe('one')
    expect(await get()).toBe('one')
    await writeFile(join(cache, hex('one')), 'two')
    expect(await get()).toBe('one')
    expect(server.requests).toHaveLength(3)
    expect(await readFile(join(cache, hex('one')), 'utf8')).toBe('one')
  })

  it('that is another one by who asks is one alone', async () => {
    const { answers, server, files, address, lock } = await setUp()
    answers['/a'] = (response) => response.end(`answer ${server.requests.length}`)
    const [plain, named] = [address('/a'), address(`${server.url.replace('//', '//me:hunter2@')}/a`)]
    const both = files()
    const settled = await Promise.allSettled([both.get(plain, use), both.get(named, use)])
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const error = settled.find((one) => one.status === 'rejected')?.reason
    expect(error).toMatchObject({
      code: 'E_LOCK_MISMATCH',
      details: [expect.any(String), expect.any(String)],
    })
    expect(JSON.stringify(error)).not.toContain('hunter2')
    const one = files()
    expect((await one.get(plain, use)).bytes).toEqual((await one.get(named, use)).bytes)
    await one.keep()
    expect((await files().get(named, use)).bytes).toEqual((await files().get(plain, use)).bytes)
    expect(await lock()).not.toContain('hunter2')
  })

  it('that is another one than posada.lock has is told with both digests, and nothing of it is kept', async () => {
    const { answers, server, cache, text } = await setUp({ '/a': 'one' })
    await text('/a')
    answers['/a'] = 'two'
    const elsewhere = `${cache}-of-ben`
    await expect(text('/a', { cache: elsewhere })).rejects.toMatchObject({
      code: 'E_LOCK_MISMATCH',
      details: [`posada.lock:  sha256:${hex('one')}`, `found:        sha256:${hex('two')}`],
      hint: expect.stringContaining(`: posada box update ${server.url}/a;`),
    })
    await expect(readdir(elsewhere)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('that is damaged in the cache is fetched again', async () => {
    const { cache, server, text } = await setUp({ '/a': 'one' })
    await text('/a')
    await writeFile(join(cache, hex('one')), 'on')
    expect(await text('/a')).toBe('one')
    expect(await readFile(join(cache, hex('one')), 'utf8')).toBe('one')
    expect(server.requests).toHaveLength(2)
  })

  it('is fetched again where the lock is moved, which says from where to where', async () => {
    const { answers, server, files, address, text, lock } = await setUp({ '/a': 'one', '/b': 'b' })
    await text('/a')
    answers['/a'] = 'two'
    const all = files({ moves: (url) => url === `${server.url}/a` })
    await all.get(address('/a'), use)
    await all.get(address('/b'), use)
    expect(all.urls()).toEqual([`${server.url}/a`, `${server.url}/b`])
    const before = await lock()
    const moves = await all.moves()
    expect(await lock()).toBe(before)
    expect(await all.keep()).toEqual(moves)
    expect(moves).toEqual([
      { url: `${server.url}/a`, from: `sha256:${hex('one')}`, to: `sha256:${hex('two')}`, changed: true },
      { url: `${server.url}/b`, from: null, to: `sha256:${hex('b')}`, changed: true },
    ])
    expect(await text('/a', { fetches: 'nothing' })).toBe('two')
    expect(await all.keep()).toEqual([])
  })

  it('is not written down by who does not keep it', async () => {
    const { files, address, lock } = await setUp({ '/a': 'one' })
    await files().get(address('/a'), use)
    await expect(lock()).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('is kept before anyone uses it, and told to all where it cannot be', async () => {
    const { paths, files, address } = await setUp({ '/a': 'one' })
    const place = join(paths.dir, 'place')
    const lockfile = join(place, 'posada.lock')
    const all = files({ paths: { ...paths, lockfile } })
    await all.get(address('/a'), use)
    await mkdir(paths.dir)
    // A file where the folder would be: there is no lock to read, and none can be written.
    await writeFile(place, '')
    const failed = await Promise.allSettled([all.keep(), all.keep()])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await rm(place)
    const kept = [all.keep(), all.keep()]
    await kept[1]
    expect(await readFile(lockfile, 'utf8')).toContain(hex('one'))
    expect((await Promise.all(kept)).map(({ length }) => length)).toEqual([1, 0])
  })

  it('that two commands come to at once is the one that was written down first', async () => {
    const { answers, files, address } = await setUp({ '/a': 'one' })
    const [ann, ben, cy] = [files(), files(), files()]
    await ann.get(address('/a'), use)
    await ben.get(address('/a'), use)
    answers['/a'] = 'two'
    await cy.get(address('/a'), use)
    await ann.keep()
    expect(await ben.keep()).toMatchObject([{ changed: false }])
    await expect(cy.keep()).rejects.toMatchObject({ code: 'E_LOCK_MISMATCH' })
  })
})

describe('a checksum behind the URL', () => {
  it('is what comes held against', async () => {
    const { text, server } = await setUp({ '/a': 'one' })
    await expect(text(`/a#sha256=${hex('two')}`)).rejects.toMatchObject({
      code: 'E_CHECKSUM',
      details: [`expected sha256:${hex('two')}`, `got      sha256:${hex('one')}`],
    })
    const long = createHash('sha512').update('one').digest('hex')
    expect(await text(`/a#sha512=${long}`)).toBe('one')
    expect(server.requests).toHaveLength(2)
  })

  it('is enough to find it in the cache', async () => {
    const { text } = await setUp({ '/a': 'one', '/b': 'one' })
    await text('/a')
    expect(await text(`/b#sha256=${hex('one')}`, { fetches: 'nothing' })).toBe('one')
  })

  it('that was changed since moves the lock only by an update', async () => {
    const { answers, server, text } = await setUp({ '/a': 'one' })
    await text(`/a#sha256=${hex('one')}`)
    answers['/a'] = 'two'
    await expect(text(`/a#sha256=${hex('two')}`)).rejects.toMatchObject({
      code: 'E_LOCK_MISMATCH',
      details: [`the manifest:  sha256:${hex('two')}`, `posada.lock:   sha256:${hex('one')}`],
      hint: expect.stringContaining(`posada box update ${server.url}/a`),
    })
    expect(await text(`/a#sha256=${hex('two')}`, { moves: () => true })).toBe('two')
    expect(await text(`/a#sha256=${hex('two')}`)).toBe('two')
  })
})

describe('a server that', () => {
  const trickle = (response: ServerResponse) => {
    response.write('x'.repeat(600))
    setTimeout(() => response.end('x'.repeat(600)), 10)
  }
  it.each<[string, (response: ServerResponse) => void, string]>([
    ['sends too much', (response) => response.end('x'.repeat(1001)), 'is larger than 1000 bytes'],
    ['sends too much by and by', trickle, 'is larger than 1000 bytes'],
    [
      'packs it',
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
      'compressed (gzip)',
    ],
    [
      'sends less than it says',
      (response) => response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy()),
      'the connection was reset',
    ],
    ['hangs up', (response) => response.destroy(), 'the connection was reset'],
    ['has an error', (response) => response.writeHead(500).end(), 'the server answered 500'],
    [
      'leads in a circle',
      (response) => response.writeHead(302, { location: '/a' }).end(),
      'redirects too often',
    ],
    [
      'leads to another scheme',
      (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'file:',
    ],
    [
      'leads to plain http elsewhere',
      (response) => response.writeHead(302, { location: 'http://h.example/a' }).end(),
      'it does not use https',
    ],
  ])('%s', async (_, answer, problem) => {
    const { cache, text } = await setUp({ '/a': answer })
    await expect(text('/a')).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringMatching(/^the base manifest is not in the cache and cannot be fetched: /),
    })
    await expect(text('/a')).rejects.toThrow(problem)
    await expect(readdir(cache)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('asks for a password gets it, and neither lock nor messages have it', async () => {
    const { server, text, lock } = await setUp({ '/a?token=abc': 'one' })
    const url = `${server.url.replace('//', '//ann:s3cret@')}/a?token=abc`
    expect(await text(url)).toBe('one')
    expect(server.requests[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('ann:s3cret').toString('base64')}`,
    )
    expect(await lock()).toContain(`  ${server.url}/a: sha256:`)
    const error = await text(url.replace('/a', '/gone')).catch((gone: unknown) => gone)
    expect(JSON.stringify([error, String(error)])).not.toMatch(/s3cret|abc/)
  })

  it('is not there is told, with what to do', async () => {
    const { text } = await setUp()
    await expect(text('http://127.0.0.1:1/a')).rejects.toMatchObject({
      code: 'E_TRANSFER',
      message: expect.stringContaining('connection refused'),
      hint: expect.stringContaining('check the network'),
    })
    await expect(text('/a', { fetches: 'nothing' })).rejects.toMatchObject({ code: 'E_TRANSFER' })
  })

  it('is not asked for by a command that only looks, unless posada.lock has it', async () => {
    const { text, server, cache } = await setUp({ '/a': 'one' })
    await expect(text('/a', { fetches: 'locked' })).rejects.toMatchObject({
      code: 'E_NOT_LOCKED',
      value: `${server.url}/a`,
    })
    expect(server.requests).toEqual([])
    expect(await text('/a')).toBe('one')
    await rm(cache, { recursive: true })
    expect(await text('/a', { fetches: 'locked' })).toBe('one')
  })
})
