import { open, rename, stat } from 'node:fs/promises'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { openHttp } from '../../http/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { shownUrl } from '../../lib/net/shown-url.ts'
import type { Arch } from '../../lib/values/arch.ts'
import { withDownload } from '../download/download.ts'
import type { Install, Medium } from '../recipe/install-recipe.ts'

/** What an installer is booted from, as files of this computer. */
export interface Media {
  iso: string | null
  kernel: string | null
  initrd: string | null
}

export interface MediaContext {
  /** A folder that what is downloaded is put into; partial downloads lie in `downloads`. */
  folder: string
  downloads: string
  arch: Arch
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** Fetches what has a URL, and looks at all of it. E_BOX_BUILD, E_BOX_ARCH, E_TRANSFER, E_CHECKSUM. */
export async function getMedia({ iso, kernel, initrd }: Install, context: MediaContext): Promise<Media> {
  const media: Media = {
    iso: await obtain(iso, 'iso', context),
    kernel: await obtain(kernel, 'kernel', context),
    initrd: await obtain(initrd, 'initrd', context),
  }
  if (media.iso !== null) await checkIso(media.iso)
  if (media.kernel !== null) await checkKernel(media.kernel, context.arch)
  return media
}

/** Files of this computer that are booted, for whoever asks what a recipe is made of. */
export function localMedia({ iso, kernel, initrd }: Install): string[] {
  return [iso, kernel, initrd].flatMap((each) => (each !== null && 'path' in each ? [each.path] : []))
}

async function obtain(
  medium: Medium | null,
  what: keyof Media,
  context: MediaContext,
): Promise<string | null> {
  if (medium === null) return null
  if ('url' in medium) return download(medium, `${context.folder}/${what}`, context)
  const found = await stat(medium.path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  })
  if (found?.isFile()) return medium.path
  throw new PosadaError('E_BOX_BUILD', `there is no file ${medium.path} to install from`, {
    value: medium.path,
    hint: `correct ${what} in recipe.yaml; a path is taken from the recipe's folder`,
  })
}

async function download(
  { url, checksum }: Extract<Medium, { url: string }>,
  to: string,
  { downloads, env, emit, signal }: MediaContext,
): Promise<string> {
  const http = openHttp({ env })
  try {
    const context = { folder: downloads, http, emit, signal }
    return await withDownload({ url, checksum, what: shownUrl(url) }, context, {
      use: async ({ path }) => {
        await rename(path, to)
        return to
      },
    })
  } finally {
    await http.close()
  }
}

/** The first volume descriptor's identifier: ECMA-119, section 8.1.2. Discs that have UDF as well have it, too. */
async function checkIso(path: string): Promise<void> {
  if ((await readAt(path, 16 * 2048 + 1, 5)) === 'CD001') return
  throw new PosadaError('E_BOX_BUILD', `${path} is not an ISO 9660 image`, {
    value: path,
    hint: 'a disk image that a system is on already is a box: box: {from: FILE}',
  })
}

/**
 * Where kernels say what they are. Sources: Linux, Documentation/arch/x86/boot.rst (0x202), arm64/booting.rst and
 * riscv/boot-image-header.rst (56).
 */
const signatures: { arch: string; at: number; text: string }[] = [
  { arch: 'x86_64', at: 0x202, text: 'HdrS' },
  { arch: 'aarch64', at: 56, text: 'ARM\x64' },
  { arch: 'riscv64', at: 56, text: 'RSC\x05' },
]

async function checkKernel(path: string, arch: Arch): Promise<void> {
  for (const one of signatures) {
    if (one.arch === arch || (await readAt(path, one.at, one.text.length)) !== one.text) continue
    throw new PosadaError('E_BOX_ARCH', `the kernel ${path} is for ${one.arch}, not for ${arch}`, {
      value: path,
      hint: `take the installer for ${arch}, or set arch: [${one.arch}] in recipe.yaml`,
    })
  }
}

async function readAt(path: string, position: number, length: number): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position })
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await file.close()
  }
}
