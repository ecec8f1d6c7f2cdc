import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { StoredBox } from '../../src/box/index.ts'
import { insecureKeys } from '../../src/box/vagrant/insecure-keys.ts'
import { publicKeyOf } from '../../src/ssh/keys.ts'

/** The script that vagrant-libvirt makes boxes with; null where it is not installed. */
export const createBoxScript =
  ['/usr/share/doc/vagrant-libvirt/examples/create_box.sh'].find((path) => existsSync(path)) ?? null

/** Bytes before the one partition of an image with a boot loader; see boxes/lib/disk.sh. */
const partition = 1_048_576

/**
 * Writes a qcow2 image to `target` that is a box with a user `vagrant` in it, who has sudo and is let in
 * with Vagrant's well-known RSA key. The filesystem is edited where it lies: nothing is mounted.
 */
export async function makeVagrantImage(box: StoredBox, target: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'posada-vagrant-image-'))
  try {
    const raw = join(work, 'root.raw')
    await execa('qemu-img', ['convert', '-O', 'raw', join(box.dir, 'root.qcow2'), raw])
    const image = `${raw}?offset=${partition}`
    const read = async (path: string) => (await debugfs(image, `cat ${path}`)).stdout
    const commands: string[] = []
    const put = async (path: string, content: string, mode: string, owner = 0) => {
      const file = join(work, String(commands.length))
      await writeFile(file, content)
      commands.push(`rm ${path}`, `write ${file} ${path}`, ...attributes(path, `0100${mode}`, owner))
    }
    const folder = (path: string, owner: number) =>
      commands.push(`mkdir ${path}`, ...attributes(path, '040700', owner))
    await put(
      '/etc/passwd',
      `${await read('/etc/passwd')}\nvagrant:x:1500:1500::/home/vagrant:/bin/bash\n`,
      '644',
    )
    await put('/etc/group', `${await read('/etc/group')}\nvagrant:x:1500:\n`, '644')
    await put('/etc/shadow', `${await read('/etc/shadow')}\nvagrant:*:19000:0:99999:7:::\n`, '640')
    await put('/etc/sudoers.d/vagrant', 'vagrant ALL=(ALL) NOPASSWD: ALL\n', '440')
    folder('/home/vagrant', 1500)
    folder('/home/vagrant/.ssh', 1500)
    const key = publicKeyOf(insecureKeys.rsa, 'rsa')
    await put('/home/vagrant/.ssh/authorized_keys', `${key} vagrant insecure public key\n`, '600', 1500)
    await writeFile(join(work, 'commands'), `${commands.join('\n')}\n`)
    await debugfs(image, null, ['-w', '-f', join(work, 'commands')])
    await execa('qemu-img', ['convert', '-O', 'qcow2', raw, target])
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

function attributes(path: string, mode: string, owner: number): string[] {
  return [`sif ${path} mode ${mode}`, `sif ${path} uid ${owner}`, `sif ${path} gid ${owner}`]
}

function debugfs(image: string, request: string | null, more: string[] = []) {
  return execa('/usr/sbin/debugfs', [...more, ...(request === null ? [] : ['-R', request]), image])
}
