import { createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { finished } from 'node:stream/promises'
import { PosadaError } from '../../../errors/index.ts'
import { capture, exec, quote, type SshSession } from '../../../ssh/index.ts'
import { asRoot } from './as-root.ts'
import { bootCommandLine } from './boot-command-line.ts'

/** A kernel and what belongs to it: absolute paths of files on the host. */
export interface GuestKernel {
  kernel: string
  initrd: string | null
  cmdline: string
}

/** Bytes. A distribution's kernel has some 15 MiB, its initrd 30 to 150. */
const limits = { kernel: 128 * 2 ** 20, initrd: 1024 * 2 ** 20 } as const

/**
 * Where distributions keep the kernel that runs: Debian, Ubuntu, Fedora, Rocky and openSUSE by its version,
 * Alpine by its flavour, Arch by its package.
 */
const findScript = `r=$(uname -r)
first() {
  for f; do [ -f "$f" ] && { stat -L -c '%s %n' "$f"; return; }; done
  echo
}
first /boot/vmlinuz-$r /usr/lib/modules/$r/vmlinuz /boot/vmlinuz-\${r##*-} /boot/vmlinuz-linux
first /boot/initrd.img-$r /boot/initramfs-$r.img /boot/initrd-$r /boot/initramfs-\${r##*-} /boot/initramfs-linux.img
cat /proc/cmdline`

/**
 * Copies the kernel that a guest runs, its initrd and its command line into `folder`, so that a machine can be
 * started with them without firmware. E_BOX_PACKAGE where the guest has none that fit.
 */
export async function takeKernel(
  session: SshSession,
  folder: string,
  signal: AbortSignal,
): Promise<GuestKernel> {
  const machine = session.target.hostAlias
  const found = await capture(session, asRoot(findScript), { signal })
  const [kernelLine = '', initrdLine = '', ...rest] = found.stdout.split('\n')
  const kernel = parseFile(kernelLine)
  const cmdline = bootCommandLine(rest.join(' '))
  if (found.code !== 0 || kernel === null)
    throw unusable(machine, 'its kernel is not found in /boot', found.stderr)
  if (cmdline === null) throw unusable(machine, 'its command line names no root', rest.join(' '))
  const initrd = parseFile(initrdLine)
  const take = async (what: keyof typeof limits, file: GuestFile) => {
    const path = join(folder, what)
    await fetchFile(session, file, { to: path, limit: limits[what], signal })
    return path
  }
  const path = await take('kernel', kernel)
  if (!(await isKernel(path)))
    throw unusable(machine, `${kernel.path} is not a kernel that can be started`, '')
  return { kernel: path, initrd: initrd === null ? null : await take('initrd', initrd), cmdline }
}

interface GuestFile {
  path: string
  size: number
}

function parseFile(line: string): GuestFile | null {
  const [, size = '', path = ''] = /^(\d{1,12}) (\/[\x20-\x7e]{1,300})$/.exec(line) ?? []
  return path === '' ? null : { path, size: Number(size) }
}

async function fetchFile(
  session: SshSession,
  { path, size }: GuestFile,
  { to, limit, signal }: { to: string; limit: number; signal: AbortSignal },
): Promise<void> {
  const machine = session.target.hostAlias
  if (size > limit) throw unusable(machine, `${path} has ${size} bytes`, '')
  const bounded = new Bounded(size)
  const file = createWriteStream(to, { flags: 'w', mode: 0o600 })
  bounded.pipe(file)
  bounded.on('error', (error) => file.destroy(error))
  try {
    const { code } = await exec(session, asRoot(`exec cat ${quote(path)}`), { stdout: bounded, signal })
    bounded.end()
    await finished(file)
    if (code !== 0 || bounded.left !== 0) throw unusable(machine, `${path} could not be read`, '')
  } finally {
    file.destroy()
  }
}

/** Lets at most so many bytes through. */
class Bounded extends Transform {
  left: number

  constructor(size: number) {
    super()
    this.left = size
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: Error | null, chunk?: Buffer) => void) {
    this.left -= chunk.length
    if (this.left < 0) done(new PosadaError('E_BOX_PACKAGE', 'the guest sent more than it announced'))
    else done(null, chunk)
  }
}

/** Linux, Documentation/arch/x86/boot.rst: `HdrS`; Documentation/arch/arm64/booting.rst: `ARM\x64`. */
async function isKernel(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const { buffer } = await file.read(Buffer.alloc(0x206), 0, 0x206, 0)
    return (
      buffer.toString('latin1', 0x202, 0x206) === 'HdrS' || buffer.toString('latin1', 56, 60) === 'ARM\x64'
    )
  } finally {
    await file.close()
  }
}

function unusable(machine: string, problem: string, details: string): PosadaError {
  return new PosadaError('E_BOX_PACKAGE', `cannot make a box with a kernel from ${machine}: ${problem}`, {
    machine,
    details: details.trim() === '' ? [] : details.trim().split('\n').slice(-5),
    hint: 'without --with-kernel the box boots as this machine does',
  })
}
