import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exchange } from '../../../src/lib/native/exchange.ts'
import { makePair } from '../../helpers/sync-pair.ts'

/** Reads two files until it is told to end; says how often one of them was missing or empty. */
const reader = `import { readFileSync } from 'node:fs'
let [missed, reads] = [0, 0]
process.stdin.on('end', () => { console.log(JSON.stringify({ missed, reads })); process.exit() }).resume()
const read = () => {
  for (let count = 0; count < 500; count++) {
    reads += 1
    try { if (readFileSync(process.argv[1 + (count % 2)], 'utf8') === '') missed += 1 } catch { missed += 1 }
  }
  setImmediate(read)
}
read()`

async function whileRead(files: readonly [string, string], work: () => Promise<void>) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', reader, '--', ...files])
  let said = ''
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  try {
    await work()
    child.stdin.end()
    await ended
    return JSON.parse(said) as { missed: number; reads: number }
  } finally {
    child.kill('SIGKILL')
  }
}

test('a file that is replaced on either side is never missing', { timeout: 120_000 }, async () => {
  using pair = makePair('dash')
  const [mine, theirs] = [join(pair.from, "it's mine"), join(pair.from, 'theirs')]
  const [there, ours] = [join(pair.to, "it's mine"), join(pair.to, 'theirs')]
  for (const file of [mine, theirs]) writeFileSync(file, 'first')
  await pair.sync()
  const { missed, reads } = await whileRead([there, theirs], async () => {
    for (let round = 0; round < 8; round++) {
      writeFileSync(mine, `host ${round}`)
      writeFileSync(ours, `guest ${round}`)
      await pair.sync()
      expect([readFileSync(there, 'utf8'), readFileSync(theirs, 'utf8')]).toEqual([
        `host ${round}`,
        `guest ${round}`,
      ])
    }
  })
  expect({ missed, hasRead: reads > 0 }).toEqual({ missed: 0, hasRead: true })
  expect(pair.trash()).toEqual([
    ...Array.from({ length: 8 }, () => "guest it's mine"),
    ...Array.from({ length: 8 }, () => 'host theirs'),
  ])
})

test('nothing changes places with what is not there', () => {
  using pair = makePair('dash')
  writeFileSync(join(pair.from, 'one'), '1')
  const [one, other] = ['one', 'other'].map((name) => Buffer.from(join(pair.from, name)))
  expect(exchange(one as Buffer, other as Buffer)).toBe(false)
  writeFileSync(join(pair.from, 'other'), '2')
  expect(exchange(one as Buffer, other as Buffer)).toBe(true)
  expect(readFileSync(join(pair.from, 'one'), 'utf8')).toBe('2')
})
