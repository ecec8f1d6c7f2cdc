import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import type { StoredBox } from '../../../src/box/index.ts'
import { boxContent, writeBox } from '../../helpers/box-files.ts'
import { type BenchResult, comparePairs } from '../bench.ts'
import { timed } from '../timed.ts'

const launcher = resolve('bin/posada.js')
const size = 500 * 2 ** 20
/** MiB of memory that `box add` may take. */
const memoryLimit = 150

/** `box add` of an archive of a box of 500 MiB into an empty store, against tar and sha256sum of the same. */
export async function addArchive(
  original: StoredBox,
  options: { dir: string; kind: 'tar' | 'tar.zst'; samples: number; log: (line: string) => void },
): Promise<BenchResult[]> {
  const { dir, kind, samples, log } = options
  const archive = join(dir, `box.${kind}`)
  await makeArchive(original, dir, archive)
  const memory: number[] = []
  const result = await comparePairs({
    name: `\`box add\` of ${kind === 'tar' ? 'a' : 'a packed'} .${kind} of 500 MiB ÷ \`tar\` and \`sha256sum\``,
    how: 'a disk image of real files as a raw disk; ours into an empty store, checked and flushed to the disk; theirs tar -x into an empty folder and then sha256sum of all that came, not flushed',
    limit: 1.3,
    samples,
    warmUp: 1,
    log,
    ours: async () => {
      const { seconds, mebibytes } = await addOnce(archive, dir)
      memory.push(mebibytes)
      return seconds
    },
    theirs: () => unpackOnce(archive, dir),
  })
  await rm(archive)
  const peaks = memory.slice(-samples)
  log(`peak memory of box add, ${kind}: ${peaks.map((one) => one.toFixed(0)).join(', ')} MiB`)
  const peak: BenchResult = {
    name: `peak memory of that (${kind}) ÷ ${memoryLimit} MiB`,
    unit: 'MiB',
    ours: peaks,
    theirs: peaks.map(() => memoryLimit),
    ratio: Math.max(...peaks) / memoryLimit,
    limit: 1,
    how: 'the largest resident set of the process, as the kernel has it at its end (VmHWM); the ratio is that of the largest',
  }
  return [result, peak]
}

/** What a filesystem holds, and not noise or zeros: the disk of a real box without its head, as often as it takes. */
async function makeArchive(original: StoredBox, dir: string, archive: string): Promise<void> {
  const image = await readFile(join(original.dir, original.manifest.disks[0]?.file ?? ''))
  const source = image.subarray(65_536)
  const folder = join(dir, 'box')
  await mkdir(folder)
  const disk = await open(join(folder, 'root.raw'), 'w')
  const hash = createHash('sha256')
  for (let left = size; left > 0; ) {
    const piece = source.subarray(0, Math.min(left, source.length))
    hash.update(piece)
    await disk.writeFile(piece)
    left -= piece.length
  }
  await disk.close()
  const described = {
    file: 'root.raw',
    size,
    sha256: hash.digest('hex'),
    format: 'raw' as const,
    virtualSize: size,
  }
  const content = boxContent({ disks: [described] })
  content.delete('root.raw')
  await writeBox(folder, content)
  const names = ['box.json', 'login.key', 'root.raw']
  const pack = archive.endsWith('.zst') ? ['--zstd'] : []
  await execa('tar', [...pack, '-cf', archive, '-C', folder, ...names])
  await rm(folder, { recursive: true })
}

async function addOnce(archive: string, dir: string): Promise<{ seconds: number; mebibytes: number }> {
  const data = join(dir, 'data')
  const peak = join(dir, 'peak')
  const hook = join(dir, 'peak.mjs')
  await writeFile(
    hook,
    `import { readFileSync, writeFileSync } from 'node:fs'
process.on('exit', () => writeFileSync(${JSON.stringify(peak)}, readFileSync('/proc/self/status')))\n`,
  )
  const env = { ...process.env, XDG_DATA_HOME: data }
  const { seconds } = await timed(process.execPath, ['--import', hook, launcher, 'box', 'add', archive], {
    cwd: dir,
    env,
  })
  await rm(data, { recursive: true })
  // proc_pid_status(5): in KiB. getrusage would count what this process had before it started that one.
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(peak, 'utf8'))?.[1]
  return { seconds, mebibytes: Number(kibibytes) / 1024 }
}

async function unpackOnce(archive: string, dir: string): Promise<number> {
  const target = join(dir, 'unpacked')
  await mkdir(target)
  const script = 'tar -xf "$1" -C "$2" && sha256sum "$2"/*'
  const { seconds } = await timed('sh', ['-c', script, 'sh', archive, target])
  await rm(target, { recursive: true })
  return seconds
}
