import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Cutter, cutFile, cutStep, longestChunk } from '../../../../src/box/oci/cut-file.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'

/** A step of a file that is told apart by a number; 0 is a step of zeros. */
function stepOf(number: number): Buffer {
  const step = Buffer.alloc(cutStep)
  if (number > 0) step.writeUInt32LE(number, 100)
  return step
}

function cut(numbers: readonly number[]) {
  const cutter = new Cutter()
  for (const number of numbers) cutter.take(stepOf(number))
  return cutter.end()
}

/** What is in each chunk, in short. */
const contents = (numbers: readonly number[]) =>
  cut(numbers).map(({ offset, length }) =>
    numbers.slice(offset / cutStep, (offset + length) / cutStep).join(),
  )

describe('a file is cut', () => {
  it('into chunks in order that hold all of it but zeros (property)', () => {
    const run = fc.tuple(fc.nat(40), fc.boolean())
    fc.assert(
      fc.property(fc.array(run, { maxLength: 20 }), (runs) => {
        let next = 1
        const numbers = runs.flatMap(([length, isZero]) =>
          Array.from({ length }, () => (isZero ? 0 : next++)),
        )
        let end = 0
        const covered = new Set<number>()
        for (const { offset, length } of cut(numbers)) {
          expect(offset).toBeGreaterThanOrEqual(end)
          expect(length).toBeGreaterThan(0)
          expect(length).toBeLessThanOrEqual(longestChunk)
          end = offset + length
          for (let at = offset; at < end; at += cutStep) covered.add(numbers[at / cutStep] ?? -1)
          // Long runs of zeros belong to no chunk.
          const within = numbers.slice(offset / cutStep, end / cutStep)
          expect(`,${within.join()},`).not.toContain(`,${Array(16).fill(0).join()},`)
        }
        for (const number of numbers) if (number > 0) expect(covered).toContain(number)
      }),
      { numRuns: 100 },
    )
  })

  it('so that a cluster put in changes only the chunks around it', () => {
    const before = Array.from({ length: 3000 }, (_, index) => index + 1)
    const after = [...before.slice(0, 700), 1_000_000, ...before.slice(700)]
    const old = contents(before)
    expect(old.length).toBeGreaterThan(6)
    expect(contents(after).filter((one) => !old.includes(one)).length).toBeLessThanOrEqual(3)
  })

  it('whatever its length', async () => {
    const path = join(await temporaryFolder(onTestFinished), 'file')
    await writeFile(path, '')
    expect(await cutFile(path)).toEqual([])
    await writeFile(path, Buffer.alloc(3 * 2 ** 20))
    expect(await cutFile(path)).toEqual([])
    await writeFile(path, Buffer.concat([Buffer.alloc(3 * 2 ** 20), Buffer.from('x')]))
    expect(await cutFile(path)).toEqual([{ offset: 3 * 2 ** 20, length: 1 }])
  })
})
