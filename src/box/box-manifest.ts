import { z } from 'zod'
import { PosadaError } from '../errors/index.ts'
import type { BoxFile, BoxManifest } from './model.ts'
import { namePattern, versionPattern } from './names.ts'

/** Bytes that a box.json may have. */
export const boxJsonLimit = 256 * 1024

const size = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const file = {
  // A plain name: it is joined to the box's folder.
  file: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'is not a plain file name')
    .refine((name) => name !== 'box.json', 'cannot be box.json itself'),
  size,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in lower-case hexadecimal'),
}
const boxFile = z.strictObject(file)
const disk = z.strictObject({
  ...file,
  format: z.enum(['raw', 'qcow2']),
  virtualSize: size.refine((bytes) => bytes > 0 && bytes % 512 === 0, 'is not a whole number of sectors'),
})
// A line of its own in the boot protocol, 2047 bytes at most on x86; no control characters.
const cmdline = z
  .string()
  .max(1500)
  .regex(/^[\x20-\x7e]*$/, 'has characters that a command line cannot have')
const schema = z.strictObject({
  format: z.literal(1),
  name: z.string().regex(namePattern, 'is not a name like debian/12'),
  version: z.string().regex(versionPattern, 'is not a version like 20261122.1'),
  arch: z.enum(['x86_64', 'aarch64']),
  description: z.string().max(500),
  disks: z.array(disk).min(1).max(16),
  kernel: z.strictObject({ kernel: boxFile, initrd: boxFile.optional(), cmdline }).optional(),
  firmware: z.enum(['bios', 'uefi']).optional(),
  login: z.strictObject({
    user: z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'is not a user name'),
    key: boxFile,
  }),
  announcesReady: z.boolean(),
  agent: z.boolean(),
  minMemory: size,
})

/** Reads a box.json, which may come from anywhere; E_BOX_INVALID lists what is wrong with it. */
export function parseBoxManifest(text: string, where: string): BoxManifest {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw invalid(where, ['box.json is not JSON'], cause)
  }
  const result = schema.safeParse(data)
  if (!result.success)
    throw invalid(
      where,
      result.error.issues
        .slice(0, 20)
        .map((issue) => `box.json: ${issue.path.join('.') || 'the whole'}: ${issue.message}`),
      result.error,
    )
  // exactOptionalPropertyTypes: zod writes absent as undefined in its types, though not in its result.
  const manifest = result.data as BoxManifest
  const names = boxFiles(manifest).map((one) => one.file)
  const double = names.find((name, index) => names.indexOf(name) !== index)
  if (double !== undefined) throw invalid(where, [`box.json names the file '${double}' twice`])
  return manifest
}

/** Every file of the box besides box.json. */
export function boxFiles(manifest: BoxManifest): BoxFile[] {
  const { kernel } = manifest
  return [
    ...manifest.disks,
    ...(kernel === undefined ? [] : [kernel.kernel]),
    ...(kernel?.initrd === undefined ? [] : [kernel.initrd]),
    manifest.login.key,
  ]
}

function invalid(where: string, details: string[], cause?: unknown): PosadaError {
  return new PosadaError('E_BOX_INVALID', `${where} is not a box: ${details[0]}`, {
    value: where,
    details,
    hint: 'docs/boxes.md says what a box.json holds; boxes made by posada box build are sound',
    ...(cause === undefined ? {} : { cause }),
  })
}
