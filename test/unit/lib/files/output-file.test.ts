import { execFileSync } from 'node:child_process'
import {
  createReadStream,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeOutputFile } from '../../../../src/lib/files/output-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posada-output-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a file that a user named', () => {
  it('is written whole, beside nothing', async () => {
    const path = join(folder, 'new')
    await writeOutputFile(path, 'one')
    await writeOutputFile(path, 'two')
    expect(readFileSync(path, 'utf8')).toBe('two')
    expect(readdirSync(folder)).toEqual(['new'])
  })

  it('is written through a link to where it leads', async () => {
    const [file, link] = [join(folder, 'file'), join(folder, 'link')]
    await writeOutputFile(file, 'old')
    symlinkSync('file', link)
    await writeOutputFile(link, 'new')
    expect(readFileSync(file, 'utf8')).toBe('new')
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
  })

  it('may be a pipe, which stays one', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const read = text(createReadStream(pipe))
    await writeOutputFile(pipe, 'through it')
    expect(await read).toBe('through it')
    expect(lstatSync(pipe).isFIFO()).toBe(true)
  })

  it.runIf(process.getuid?.() === 0)('may be a device, which stays one', async () => {
    const device = join(folder, 'full')
    execFileSync('mknod', [device, 'c', '1', '7'])
    await expect(writeOutputFile(device, 'x')).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(lstatSync(device).isCharacterDevice()).toBe(true)
    expect(readdirSync(folder)).toEqual(['full'])
  })
})
