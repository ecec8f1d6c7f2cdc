import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { qemuFiles } from '../../providers/qemu/files.ts'
import { provider as qemu } from '../../providers/qemu/index.ts'
import { withQmp } from '../../providers/qemu/qmp/client.ts'
import { cpioArchive } from '../../src/box/install/cpio.ts'
import { packageRoot } from '../../src/lib/files/package-root.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { busyboxGuest } from '../helpers/busybox-guest.ts'
import { discard, sandboxMachine } from '../helpers/sandbox-machine.ts'
import { outerRoot } from './outer-root.ts'

const run = promisify(execFile)
const root = packageRoot()

export interface LabJob {
  /** Run by bash in /job, which holds `files`. */
  script: string
  /** Files and folders of this host, by their name below /job. */
  files: Record<string, string>
  /** Milliseconds for all of it. */
  timeout: number
  cpus?: number
  memory?: number
  /** The emulated processor, as QEMU's `-cpu`. */
  cpu?: string
  /** For the outer machine's kernel, besides what the lab needs. */
  cmdline?: string
  /** Told what the console says meanwhile; it goes to standard output where POSADA_LAB_VERBOSE is set. */
  onOutput?: (text: string) => void
}

/**
 * Runs a job in the lab: a machine under Posada's own QEMU provider whose emulated processor is an AMD with
 * SVM, so that it has a real KVM. Returns all that its console said, and how the script ended.
 */
export async function runInLab(job: LabJob): Promise<{ output: string; exitCode: number }> {
  const work = await mkdtemp(join(tmpdir(), 'posada-lab-job-'))
  try {
    return await runWith(job, work)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function runWith(job: LabJob, work: string): Promise<{ output: string; exitCode: number }> {
  const guest = await busyboxGuest()
  const packages = join(guest.kernel, '..', '..')
  const provider = qemu.create({ cacheDir: join(work, 'cache'), emit: () => undefined })
  const initrd = join(work, 'initrd')
  await writeFile(initrd, await outerInitrd(packages))
  const disk = (name: string, path: string, size: number) => ({
    ...{ name, path: join(work, `${name}.qcow2`), base: { path, format: 'raw' as const } },
    size,
  })
  const disks = [
    disk('root', await outerRoot(packages), 1200 * 2 ** 20),
    disk('job', await jobImage(work, job), jobSize),
  ]
  const cmdline = `quiet mitigations=off ${job.cmdline ?? ''}`
  const machine = await sandboxMachine(
    {
      boot: { kind: 'kernel', kernel: guest.kernel, initrd, cmdline },
      cpus: job.cpus ?? 2,
      memory: job.memory ?? 3 * 2 ** 30,
      nested: true,
      disks,
      options: { accel: 'tcg', cpu: job.cpu ?? 'EPYC,+svm,+npt' },
    },
    22,
  )
  const { spec } = machine
  try {
    await provider.create(spec)
    await provider.start(spec)
    return await untilEnded(spec, job, async () => (await provider.status(spec)).state === 'running')
  } finally {
    await discard(provider, machine)
  }
}

const jobSize = 1200 * 2 ** 20

async function untilEnded(
  spec: MachineSpec,
  job: LabJob,
  runs: () => Promise<boolean>,
): Promise<{ output: string; exitCode: number }> {
  const deadline = Date.now() + job.timeout
  const verbose =
    process.env.POSADA_LAB_VERBOSE === undefined ? undefined : (text: string) => process.stdout.write(text)
  const tell = job.onOutput ?? verbose
  let output = ''
  for (let more = true; more; ) {
    more = Date.now() < deadline && (await runs())
    const now = await readFile(spec.files.consoleLog, 'latin1').catch(() => '')
    if (now.length > output.length) tell?.(now.slice(output.length))
    output = now
    await delay(200)
  }
  const code = /job ended with (\d+)/.exec(output)?.[1]
  if (code === undefined) {
    const where = await processorsOf(spec)
    throw new Error(
      `the lab's job did not end in time; its console said:\n${output.slice(-4000)}\nits processors:\n${where}`,
    )
  }
  return { output, exitCode: Number(code) }
}

/** What each emulated processor is about, three times: an outer machine that hangs shows where. */
async function processorsOf(spec: MachineSpec): Promise<string> {
  const looks: string[] = []
  for (const _ of [1, 2, 3]) {
    const said = await withQmp(qemuFiles(spec).qmp, { timeout: 5000 }, (qmp) =>
      qmp.execute('human-monitor-command', { 'command-line': 'info registers -a' }),
    )
    const lines = String(said).split(/\r?\n/)
    looks.push(lines.filter((line) => /^CPU#|^RIP|^RSP|EFER|^CR0/.test(line)).join('\n'))
    await delay(500)
  }
  return looks.join('\n--\n')
}

/** Development tools that nothing inside uses, half of all packages. */
const notInJob = new Set(['.cache', '@biomejs', 'typescript', 'dependency-cruiser'])

async function jobImage(work: string, { script, files }: LabJob): Promise<string> {
  const tree = join(work, 'job')
  await mkdir(tree)
  await writeFile(join(tree, 'run.sh'), script)
  for (const [name, path] of Object.entries(files)) {
    await cp(path, join(tree, name), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !notInJob.has(basename(source)),
    })
  }
  const image = join(work, 'job.img')
  await run('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-d', tree, image, String(jobSize / 1024)])
  await rm(tree, { recursive: true, force: true })
  return image
}

/** Modules that find the disks and the network, each after what it needs. */
const earlyModules = [
  ...['virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci'],
  ...['virtio_blk', 'failover', 'net_failover', 'virtio_net'],
]

async function outerInitrd(packages: string): Promise<Buffer> {
  const modules = join(packages, 'lib', 'modules')
  const all = await readdir(modules, { recursive: true })
  const found = earlyModules.map((name) => {
    const path = all.find((candidate) => basename(candidate) === `${name}.ko`)
    if (path === undefined) throw new Error(`the kernel package has no module ${name}`)
    return { name, path: join(modules, path) }
  })
  return cpioArchive([
    ...['bin', 'lib', 'proc', 'dev', 'root'].map((name) => ({ name, mode: 0o040755 })),
    { name: 'bin/busybox', mode: 0o100755, content: await readFile(join(packages, 'bin', 'busybox')) },
    ...(await Promise.all(
      found.map(async ({ name, path }) => ({
        name: `lib/${name}.ko`,
        mode: 0o100644,
        content: await readFile(path),
      })),
    )),
    {
      name: 'init',
      mode: 0o100755,
      content: `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs none /dev
for m in ${earlyModules.join(' ')}; do /bin/busybox insmod /lib/$m.ko; done
/bin/busybox mount -t ext4 /dev/vda /root
exec /bin/busybox switch_root /root /sbin/init
`,
    },
  ])
}

/** The project as it stands, for a job: sources, built files, packages; below `project`. */
export const projectFiles = belowProject([
  ...['package.json', 'dist', 'node_modules', 'providers', 'src', 'test', 'tsconfig.json'],
])

/** What of it the built command line needs. */
export const builtFiles = belowProject([
  ...['package.json', 'oclif.manifest.json', 'bin', 'dist', 'boxes/catalogue.json'],
  ...['node_modules/koffi', 'node_modules/@koromix'],
])

function belowProject(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [`project/${name}`, join(root, name)]))
}
