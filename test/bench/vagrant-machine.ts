import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { StoredBox } from '../../src/box/index.ts'
import { loginKeys } from '../../src/box/login-keys.ts'
import { libvirtUri, virsh } from './libvirt.ts'
import type { Machine } from './life.ts'
import { timed } from './timed.ts'

const NAME = 'posada-bench'

/** A place for Vagrant: a home of its own with one box, a storage pool and a network. */
export interface VagrantPlace {
  machine(): Promise<Machine>
  /** Takes all of it away. */
  remove(): Promise<void>
}

/** Makes a Vagrant box of a box with a boot loader, and what Vagrant needs beside it. */
export async function vagrantPlace(box: StoredBox): Promise<VagrantPlace> {
  const dir = await mkdtemp(join(tmpdir(), 'posada-vagrant-'))
  const env = {
    VAGRANT_HOME: join(dir, 'home'),
    VAGRANT_CHECKPOINT_DISABLE: '1',
    LIBVIRT_DEFAULT_URI: libvirtUri,
  }
  const remove = async () => {
    await removeNetwork()
    await removePool()
    await rm(dir, { recursive: true, force: true })
  }
  try {
    // QEMU runs as a user of libvirt's, who has to reach the images.
    await execa('chmod', ['711', dir])
    await mkdir(join(dir, 'pool'))
    await virsh('pool-create-as', NAME, 'dir', '--target', join(dir, 'pool'))
    await addBox(box, dir, env)
  } catch (error) {
    await remove()
    throw error
  }
  return { machine: () => vagrantMachine(dir, env), remove }
}

async function addBox(
  { dir: from, manifest }: StoredBox,
  dir: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const [disk] = manifest.disks
  if (disk === undefined) throw new Error('a box without disks')
  const work = join(dir, 'box')
  await mkdir(work)
  const size = Math.ceil(disk.virtualSize / 2 ** 30)
  const metadata = { provider: 'libvirt', format: disk.format, virtual_size: size }
  await writeFile(join(work, 'metadata.json'), JSON.stringify(metadata))
  await symlink(join(from, disk.file), join(work, 'box.img'))
  await execa('tar', ['-chf', join(dir, 'one.box'), '-C', work, 'metadata.json', 'box.img'])
  await execa('vagrant', ['box', 'add', '--name', NAME, join(dir, 'one.box')], { env, stdin: 'ignore' })
  await rm(join(dir, 'one.box'))
  const [key] = loginKeys(manifest)
  if (key === undefined) throw new Error('a box without a key')
  await copyFile(join(from, key.file), join(dir, 'key'))
}

/** Vagrant keeps the box's key, which spares it some commands that a box with its well-known key needs. */
async function vagrantMachine(dir: string, env: NodeJS.ProcessEnv): Promise<Machine> {
  const folder = await mkdtemp(join(dir, 'project-'))
  await writeFile(join(folder, 'Vagrantfile'), vagrantfile(dir))
  const vagrant = async (...args: string[]) => (await timed('vagrant', args, { cwd: folder, env })).seconds
  return {
    up: () => vagrant('up', '--provider=libvirt'),
    exec: () => vagrant('ssh', '-c', 'true'),
    status: () => vagrant('status'),
    halt: () => vagrant('halt'),
    destroy: () => vagrant('destroy', '--force'),
    async settle() {
      await vagrant('ssh', '-c', 'sudo systemctl start default.target')
    },
    async discard() {
      await vagrant('destroy', '--force')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function vagrantfile(dir: string): string {
  return `Vagrant.configure("2") do |config|
  config.vm.box = "${NAME}"
  config.vm.box_check_update = false
  config.vm.boot_timeout = 600
  config.vm.synced_folder ".", "/vagrant", disabled: true
  config.ssh.username = "posada"
  config.ssh.private_key_path = "${join(dir, 'key')}"
  config.vm.provider :libvirt do |libvirt|
    libvirt.driver = "qemu"
    libvirt.machine_type = "q35"
    libvirt.cpus = 2
    libvirt.memory = 1024
    libvirt.graphics_type = "none"
    libvirt.storage_pool_name = "${NAME}"
    libvirt.management_network_name = "${NAME}"
    libvirt.management_network_address = "192.168.197.0/24"
  end
end
`
}

/** Vagrant removes it with the last machine; after a failure it may still be there. */
async function removeNetwork(): Promise<void> {
  const has = async (...which: string[]) =>
    (await virsh('net-list', '--name', ...which)).split('\n').includes(NAME)
  if (await has()) await virsh('net-destroy', NAME)
  if (await has('--all')) await virsh('net-undefine', NAME)
}

async function removePool(): Promise<void> {
  if ((await virsh('pool-list', '--name')).split('\n').some((name) => name.trim() === NAME)) {
    await virsh('pool-destroy', NAME)
  }
}
