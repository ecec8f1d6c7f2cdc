import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { abortAfter, deadlineIn, within } from '../../../../src/lib/async/time-limit.ts'
import { packageRoot } from '../../../../src/lib/files/package-root.ts'

afterEach(() => {
  vi.useRealTimers()
})

const never = new Promise<string>(() => undefined)
const late = () => 'late'

describe('deadlineIn', () => {
  it.each([+3_600_000, -3_600_000])('is not moved by a clock that is set by %d ms', (step) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const deadline = deadlineIn(60_000)
    vi.setSystemTime(Date.now() + step)
    expect(deadline.isOver()).toBe(false)
    expect(deadline.left()).toBeGreaterThan(0)
    expect(deadline.left()).toBeLessThanOrEqual(60_000)
  })

  it('is over at once where there is no time, and has none left', () => {
    expect(deadlineIn(0).isOver()).toBe(true)
    expect(deadlineIn(-1).left()).toBe(0)
  })
})

describe('within', () => {
  it('is what the work comes to, or what is due when the time is over', async () => {
    expect(await within({ limit: 60_000, late }, Promise.resolve('done'))).toBe('done')
    await expect(within({ limit: 60_000, late }, Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await within({ limit: 1, late }, never)).toBe('late')
  })

  it('ignores work that fails too late', async () => {
    let fail: (reason: Error) => void = () => undefined
    const work = new Promise<string>((_, reject) => {
      fail = reject
    })
    expect(await within({ limit: 1, late }, work)).toBe('late')
    fail(new Error('an unhandled rejection would end the test run'))
  })

  it('throws the reason of its signal, also of one aborted before', async () => {
    const control = new AbortController()
    const waiting = within({ limit: 60_000, late, signal: control.signal }, never)
    control.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(within({ limit: 60_000, late, signal: control.signal }, never)).rejects.toThrow('enough')
  })

  it('takes a limit longer than a timer of Node can be', async () => {
    expect(await within({ limit: 2 ** 40, late }, sleepTurn())).toBe('done')
  })
})

describe('abortAfter', () => {
  const untilAborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason))
    })

  it('aborts the work when its time is over, and waits for what it then comes to', async () => {
    const tooLate = () => new Error('too late')
    await expect(abortAfter({ limit: 1, late: tooLate }, untilAborted)).rejects.toThrow('too late')
    const tidied = abortAfter({ limit: 1, late: tooLate }, (signal) =>
      untilAborted(signal).catch(async () => {
        await sleepTurn()
        return 'tidied up'
      }),
    )
    expect(await tidied).toBe('tidied up')
  })

  it('aborts with the reason of the outer signal where that comes first, or was aborted before', async () => {
    const control = new AbortController()
    const options = { limit: null, late: () => new Error('too late'), signal: control.signal }
    const working = abortAfter(options, untilAborted)
    control.abort(new Error('enough'))
    await expect(working).rejects.toThrow('enough')
    await expect(abortAfter(options, untilAborted)).rejects.toThrow('enough')
  })
})

/** Where a date is meant, or a time that another process wrote down: everything else has a limit by the monotonic clock. */
const dates = [
  'providers/qemu/probe/cache.ts',
  'src/box/download/part-file.ts',
  'src/machine/guest/overdue.ts',
  'src/machine/guest/time-now.ts',
  'src/network/capture/recording.ts',
  'src/remote/far/images.ts',
  'src/sync-process/run.ts',
  'src/sync/conflicts.ts',
  'src/sync/host-folder.ts',
  'src/sync/host-scan.ts',
  'src/sync/pass.ts',
  'src/sync/status.ts',
  'src/sync/trash.ts',
  'src/ui/plain.ts',
]

it('only dates are asked of the wall clock', async () => {
  const root = packageRoot()
  const asking: string[] = []
  for (const folder of ['src', 'providers'])
    for (const name of await readdir(join(root, folder), { recursive: true })) {
      const path = join(folder, name)
      if (path.endsWith('.ts') && (await readFile(join(root, path), 'utf8')).includes('Date.now('))
        asking.push(path)
    }
  expect(asking.sort()).toEqual(dates)
})

async function sleepTurn(): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 2))
  return 'done'
}
