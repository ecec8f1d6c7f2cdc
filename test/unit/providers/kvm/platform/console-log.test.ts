import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openConsoleLog } from '../../../../../providers/kvm/platform/console-log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posada-console-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const fail = (error: unknown) => {
  throw error
}

describe('console log', () => {
  it('appends, and moves a full file away', () => {
    const path = join(folder, 'console.log')
    writeFileSync(path, 'abc')
    const log = openConsoleLog(path, 8, fail)
    log.append(Buffer.from('defghij'))
    expect([readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['abcdefgh', 'ij'])
    log.append(Buffer.from('0123456789012345'))
    expect([readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['67890123', '45'])
    log.close()
  })

  it('starts again when the file is over the limit already', () => {
    const path = join(folder, 'console.log')
    writeFileSync(path, 'more than eight')
    const log = openConsoleLog(path, 8, fail)
    log.append(Buffer.from('x'))
    expect([readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['more than eight', 'x'])
    log.close()
  })

  it('tells of a failure once, and goes on when the disk takes bytes again', () => {
    const path = '/dev/full'
    const failures: unknown[] = []
    const log = openConsoleLog(path, 1000, (error) => failures.push(error))
    log.append(Buffer.from('x'))
    log.append(Buffer.from('y'))
    expect(failures).toEqual([expect.objectContaining({ code: 'ENOSPC' })])
    log.close()
  })
})
