import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { openDisk } from '../../../providers/kvm/disk/open-disk.ts'
import { createOverlay } from '../../../providers/kvm/disk/qcow2/create.ts'
import { hasQemuImg, inFolder, qemuImgCheck } from '../../helpers/qemu-img.ts'

const root = join(import.meta.dirname, '../../..')
const size = 64 * 2 ** 20
const block = 4096

/** Runs the writer until `after` rounds are flushed, kills it at a moment of its own, and says the last round it told of. */
async function writeUntilKilled(program: string, path: string, after: number): Promise<number> {
  const writer = spawn(process.execPath, [program, path, String(size)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // The program is bundled into a temporary folder; koffi stays where it is installed.
    env: { ...process.env, NODE_PATH: join(root, 'node_modules') },
  })
  let told = 0
  const closed = new Promise<void>((resolve) => writer.once('close', () => resolve()))
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.trim().split('\n')) told = Math.max(told, Number(line))
    if (told >= after && !writer.killed) setTimeout(() => writer.kill('SIGKILL'), Math.random() * 5)
  })
  await closed
  return told
}

describe.skipIf(!hasQemuImg)('a disk whose writer is killed with SIGKILL', () => {
  it('has all that was flushed, and is sound (some 5 s)', () =>
    inFolder(async (folder) => {
      const program = join(folder, 'disk-writer.cjs')
      await build({
        absWorkingDir: root,
        entryPoints: ['test/helpers/disk-writer.ts'],
        outfile: program,
        bundle: true,
        platform: 'node',
        format: 'cjs',
        external: ['koffi'],
        define: { 'import.meta.url': '__url' },
        banner: { js: "const __url = require('node:url').pathToFileURL(__filename).href" },
        logLevel: 'error',
      })
      for (const after of [1, 5, 20, 40]) {
        const path = join(folder, `disk-${after}.qcow2`)
        createOverlay(path, { size })
        const told = await writeUntilKilled(program, path, after)
        expect(told).toBeGreaterThanOrEqual(after)
        // What was counted for a flush that was cut off may be left over; damage may not.
        expect(qemuImgCheck(path).text).not.toMatch(/ERROR/)
        const disk = openDisk({ path, format: 'qcow2', readOnly: false })
        const last = new Map<number, number>()
        for (let round = 1; round <= told; round += 1) {
          for (let count = 0; count < 40; count += 1)
            last.set((round * 7919 + count * 104729) % (size / block), round)
        }
        const bytes = Buffer.alloc(block)
        const lost = [...last].filter(([at, round]) => {
          disk.read(at * block, [bytes])
          // The round after the last that was told of may have reached the disk too.
          return bytes.readUInt32LE(0) < round || bytes.readUInt32LE(0) > told + 1
        })
        disk.close()
        expect(lost).toEqual([])
        expect(qemuImgCheck(path).status).toBe(0)
      }
    }))
})
