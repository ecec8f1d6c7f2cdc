import { PosadaError } from '../errors/index.ts'
import { archs } from '../lib/values/arch.ts'
import { digestPattern, namePattern, userPattern, versionPattern } from '../lib/values/box-names.ts'
import {
  count,
  list,
  oneOf,
  optional,
  readShape,
  record,
  type Shape,
  text,
  truth,
} from '../lib/values/shape.ts'
import { loginKeys } from './login-keys.ts'
import type { BoxDisk, BoxFile, BoxKernel, BoxManifest } from './model.ts'

/** Bytes that a box.json may have. */
export const boxJsonLimit = 256 * 1024

const boxFile: { [K in keyof BoxFile]: Shape<BoxFile[K]> } = {
  // It is joined to the box's folder.
  file: text({
    pattern: /^(?!box\.json$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    problem: 'not a plain file name, or is box.json itself',
  }),
  size: count(),
  sha256: text({ pattern: digestPattern, problem: 'not a SHA-256 in lower-case hexadecimal' }),
}
const disk = record<BoxDisk>({
  ...boxFile,
  format: oneOf(['raw', 'qcow2']),
  virtualSize: count({
    fits: (bytes) => bytes > 0 && bytes % 512 === 0,
    problem: 'not a whole number of sectors',
  }),
})
// A line of its own in the boot protocol, 2047 bytes at most on x86; no control characters.
const cmdline = text({
  max: 1500,
  pattern: /^[\x20-\x7e]*$/,
  problem: 'not a command line of 1500 printable ASCII characters at most',
})
const boxManifest = record<BoxManifest>({
  format: oneOf([1]),
  name: text({ pattern: namePattern, problem: 'not a name like debian/12' }),
  version: text({ pattern: versionPattern, problem: 'not a version like 20261122.1' }),
  arch: oneOf(archs),
  description: text({ max: 500 }),
  disks: list(disk, { min: 1, max: 16 }),
  kernel: optional(
    record<BoxKernel>({
      kernel: record<BoxFile>(boxFile),
      initrd: optional(record<BoxFile>(boxFile)),
      cmdline,
      takesKey: optional(truth()),
      takesIdentity: optional(truth()),
    }),
  ),
  firmware: optional(oneOf(['bios', 'uefi'])),
  login: record<BoxManifest['login']>({
    user: text({ pattern: userPattern, problem: 'not a user name' }),
    key: optional(record<BoxFile>(boxFile)),
    otherKeys: optional(list(record<BoxFile>(boxFile), { max: 4 }), []),
  }),
  seed: optional(oneOf(['nocloud'])),
  announcesReady: truth(),
  agent: truth(),
  minMemory: count(),
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
  const result = readShape(boxManifest, data)
  if ('flaws' in result)
    throw invalid(
      where,
      result.flaws.slice(0, 20).map((flaw) => `box.json: ${flaw}`),
    )
  const manifest = result.value
  if (manifest.login.key === undefined && manifest.seed === undefined)
    throw invalid(where, ['box.json: login.key: is missing, and there is no seed to bring one'])
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
    ...loginKeys(manifest),
  ]
}

function invalid(where: string, details: string[], cause?: unknown): PosadaError {
  return new PosadaError('E_BOX_INVALID', `${where} is not a box: ${details[0]}`, {
    value: where,
    details,
    hint: 'docs/boxes.md describes box.json; posada box build makes valid ones',
    ...(cause === undefined ? {} : { cause }),
  })
}
