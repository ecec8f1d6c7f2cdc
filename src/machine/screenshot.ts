import { PosadaError } from '../errors/index.ts'
import { writeOutputFile } from '../lib/files/output-file.ts'
import { findScreen } from './guest/find-screen.ts'
import type { Project } from './project.ts'
import type { ScreenshotResult } from './results.ts'

export interface ScreenshotOptions {
  /** The only machine where none is named. */
  machine: string | undefined
  /** Where the picture goes, whole or not at all; null: `NAME.png` in the working folder. */
  file: string | null
}

/** PNG specification, 5.2 and 11.2.2: the signature, then IHDR, which begins with width and height. */
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const sizeAt = { width: 16, height: 20 }

/** Writes what is on a machine's screen into a file, as a PNG. E_NO_DISPLAY; E_QMP where QEMU refuses. */
export async function screenshot(
  project: Project,
  { machine, file }: ScreenshotOptions,
): Promise<ScreenshotResult> {
  const { spec, provider } = await findScreen(project, machine)
  const picture = await provider.screenshot?.(spec, project.signal)
  if (picture === undefined || picture.length < 24 || !picture.subarray(0, 8).equals(signature)) {
    throw new PosadaError(
      'E_CAPABILITY',
      `the provider gave no picture of the screen of machine ${spec.name}`,
      {
        value: provider.name,
        machine: spec.name,
      },
    )
  }
  const path = file ?? `${spec.name}.png`
  await writeOutputFile(path, picture)
  const [width, height] = [picture.readUInt32BE(sizeAt.width), picture.readUInt32BE(sizeAt.height)]
  return { machine: spec.name, file: path, bytes: picture.length, width, height }
}
