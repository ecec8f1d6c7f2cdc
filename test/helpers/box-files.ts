import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BoxManifest } from '../../src/box/index.ts'

/** A folder that is taken away when the test ends, however it ends. */
export async function temporaryFolder(onFinished: (cleanup: () => Promise<void>) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'posada box '))
  onFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export const describeFile = (file: string, content: string) => ({
  file,
  size: Buffer.byteLength(content),
  sha256: createHash('sha256').update(content).digest('hex'),
})

/** The files of a small box, box.json first. No machine could boot it. */
export function boxContent(change: Partial<BoxManifest> = {}, disk = 'the disk'): Map<string, string> {
  const key = 'not a key'
  const manifest: BoxManifest = {
    format: 1,
    name: 'test/one',
    version: '20261122.1',
    arch: 'x86_64',
    description: 'for tests',
    disks: [{ ...describeFile('root.raw', disk), format: 'raw', virtualSize: 1024 }],
    login: { user: 'posada', key: describeFile('login.key', key), otherKeys: [] },
    announcesReady: true,
    agent: false,
    minMemory: 1024,
    ...change,
  }
  return new Map([
    ['box.json', JSON.stringify(manifest)],
    ['root.raw', disk],
    ['login.key', key],
  ])
}

export async function writeBox(folder: string, content: Map<string, string>): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (const [name, text] of content) await writeFile(join(folder, name), text)
  return folder
}
