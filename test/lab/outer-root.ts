import { execFile } from 'node:child_process'
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../src/lib/files/package-root.ts'
import { labPrograms } from './programs.ts'

const run = promisify(execFile)
/** This file and the list of programs: what it makes changes with them. */
const recipe = ['outer-root.ts', 'programs.ts'].map((name) => join(packageRoot(), 'test', 'lab', name))

/** What native packages of npm link against, besides. */
const libraries = ['/lib/x86_64-linux-gnu/librt.so.1', '/lib/x86_64-linux-gnu/libutil.so.1']
/** Firmware and the like that QEMU looks for. */
const folders = ['/usr/share/qemu', '/usr/share/seabios']
const notNeeded =
  /OVMF|\.dtb$|^palcode|^opensbi|^openbios|^skiboot|^slof|^s390|^hppa|^trace-events|^u-boot|^edk2/
/** Modules of KVM for an AMD processor, each after what it needs. */
const kvmModules = ['irqbypass', 'kvm', 'kvm-amd']

/**
 * The root file system of the outer machine, an ext4 image, made of what is installed here and of the guest's
 * packages (see busyboxGuest). Kept in the temporary folder; made again when a program has changed.
 */
export async function outerRoot(packages: string): Promise<string> {
  const folder = join(tmpdir(), `posada-lab-${process.getuid?.() ?? 0}`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const image = join(folder, 'outer-root.img')
  const programs = labPrograms()
  const newest = Math.max(
    ...(await Promise.all(
      [...Object.values(programs), ...recipe].map(async (path) => (await stat(path)).ctimeMs),
    )),
  )
  const made = (await stat(image).catch(() => null))?.mtimeMs ?? 0
  if (made > newest) return image

  const work = await mkdtemp(join(folder, 'work-'))
  try {
    const tree = join(work, 'tree')
    for (const name of [
      'dev',
      'proc',
      'sys',
      'tmp',
      'run',
      'job',
      'root',
      'etc',
      'lib/modules',
      'var/tmp',
      'usr/bin',
      'sbin',
    ]) {
      await mkdir(join(tree, name), { recursive: true })
    }
    for (const [name, path] of Object.entries(programs)) await addProgram(tree, path, `/usr/bin/${name}`)
    for (const path of libraries) await addFile(tree, await realpath(path), path)
    for (const source of folders) {
      await cp(source, join(tree, source), {
        recursive: true,
        dereference: true,
        filter: (name) => !notNeeded.test(basename(name)),
      })
    }
    await addModules(tree, packages)
    await mkdir(join(tree, 'bin'), { recursive: true })
    await cp(join(packages, 'bin', 'busybox'), join(tree, 'bin/busybox'))
    await writeFile(
      join(tree, 'etc/passwd'),
      'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
    )
    await writeFile(join(tree, 'etc/group'), 'root:x:0:\nkvm:x:104:\nnogroup:x:65534:\n')
    await addFile(tree, '/etc/mke2fs.conf', '/etc/mke2fs.conf')
    await writeFile(join(tree, 'etc/hosts'), '127.0.0.1 localhost\n')
    await writeFile(join(tree, 'sbin/init'), init, { mode: 0o755 })
    const temporary = join(work, 'image')
    await run('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-d', tree, temporary, '1200M'])
    await rename(temporary, image)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return image
}

/** A program and all that ldd names, each at its place. */
async function addProgram(tree: string, path: string, place: string): Promise<void> {
  await addFile(tree, path, place)
  const { stdout } = await run('ldd', [path])
  for (const [, library] of stdout.matchAll(/(\/\S+) \(0x/g)) {
    if (library !== undefined) await addFile(tree, await realpath(library), library)
  }
}

async function addFile(tree: string, source: string, place: string): Promise<void> {
  await mkdir(dirname(join(tree, place)), { recursive: true })
  await cp(source, join(tree, place), { dereference: true })
}

async function addModules(tree: string, packages: string): Promise<void> {
  const modules = join(packages, 'lib', 'modules')
  const all = await readdir(modules, { recursive: true })
  for (const [index, name] of kvmModules.entries()) {
    const path = all.find((candidate) => basename(candidate) === `${name}.ko`)
    if (path === undefined) throw new Error(`the kernel package has no module ${name}`)
    await writeFile(join(tree, 'lib/modules', `${index}-${name}.ko`), await readFile(join(modules, path)))
  }
}

/**
 * A machine that is there all the time and does nothing. The first machine that comes, the last that goes, and each
 * local APIC that is switched on make KVM patch the outer kernel's code (its static keys: preempt_notifier_key,
 * apic_hw_disabled, apic_sw_disabled; Linux 6.1). QEMU 7.2 with a thread a processor sometimes went on with the
 * breakpoint that stands there meanwhile, for ever, with interrupts off, on all processors. While this machine
 * is there, the keys stay as they are.
 */
const holder =
  'qemu-system-x86_64 -machine pc,accel=kvm -cpu qemu64,-apic -m 16 -S -nodefaults -display none -monitor none -serial none'

const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/usr/bin:/bin HOME=/root TMPDIR=/tmp
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev
mkdir -p /dev/pts /dev/shm; mount -t devpts none /dev/pts
mount -t tmpfs none /tmp; mount -t tmpfs none /run; mount -t tmpfs none /dev/shm
ifconfig lo up
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 && route add default gw 10.0.2.2
for module in /lib/modules/*.ko; do insmod $module; done
${holder} < /dev/null &
mount -t ext4 /dev/vdb /job
echo "outer machine is up"
cd /job && bash /job/run.sh < /dev/null
echo "job ended with $?"
sync
poweroff -f
`
