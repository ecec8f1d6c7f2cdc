import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Whether the reference tool for qcow2 is here; tests that need it are skipped visibly without it. */
export const hasQemuImg = spawnSync('qemu-img', ['--version']).status === 0

export function qemuImg(...args: string[]): string {
  return execFileSync('qemu-img', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** `qemu-img check`: 0 sound, 2 corrupt, 3 leaks. */
export function qemuImgCheck(path: string): { status: number | null; text: string } {
  const ran = spawnSync('qemu-img', ['check', '-f', 'qcow2', path], { encoding: 'utf8' })
  return { status: ran.status, text: ran.stdout + ran.stderr }
}

/** Runs `act` with a temporary folder that is gone afterwards. */
export async function inFolder<T>(act: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'posada-disk-'))
  try {
    return await act(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
