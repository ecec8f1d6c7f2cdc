import { spawnSync } from 'node:child_process'
import { chmod, mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { boxesFolder } from '../../../src/box/recipe/recipes.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'

// What the initrd of our boxes does at the first boot with the key that is given to it, in a folder for a disk.

const box = 'AAAAC3NzaC1lZDI1NTE5AAAAIBox'
const own = 'AAAAC3NzaC1lZDI1NTE5AAAAIOwn/+='
const line = `ssh-ed25519 ${own} posada web\n`

let keys: string
let put: () => string
beforeEach(async () => {
  const dir = await temporaryFolder(onTestFinished)
  const script = await readFile(join(boxesFolder(), 'lib', 'initrd-init'), 'utf8')
  const [text = ''] = script.match(/^put_key\(\) \{$[\s\S]*?^\}$/m) ?? []
  expect(text).toContain('sync "$keys"')
  keys = join(dir, 'root/home/posada/.ssh/authorized_keys')
  await mkdir(join(keys, '..'), { recursive: true })
  await writeFile(join(dir, 'login'), `posada ssh-ed25519 ${box} first login\n`)
  const there = text.replaceAll('/root/', '"$dir"/root/').replace('</login', '<"$dir"/login')
  const body = `${there.replace('/bin/busybox sync', 'sync')}\nkey="${own},web"\nput_key`
  put = () => spawnSync('/bin/sh', ['-c', body], { env: { dir, PATH: process.env.PATH } }).stderr.toString()
})

const taken = async (before: string) => {
  await writeFile(keys, before)
  expect(put()).toBe('')
  return readFile(keys, 'utf8')
}

describe('the initrd', () => {
  it('puts the machine’s key in the place of the box’s, in the same file', async () => {
    await writeFile(keys, '')
    await chmod(keys, 0o640)
    const { ino } = await stat(keys)
    expect(await taken(`ssh-ed25519 ${box} first login\n`)).toBe(line)
    expect(await stat(keys)).toMatchObject({ ino, mode: 0o100640 })
    expect(await taken(await readFile(keys, 'utf8'))).toBe(line)
  })

  it('leaves all other keys', async () => {
    const others = `# a \\n comment\n\nfrom="10.0.0.1",command="x \\"y\\" $HOME" ssh-rsa AAAAB3 a  b\n`
    expect(await taken(`ssh-ed25519 ${box}\n${others}ssh-rsa AAAAB4`)).toBe(
      `${others}ssh-rsa AAAAB4\n${line}`,
    )
    expect(await taken('')).toBe(line)
  })

  it('does not follow a link, and makes no file', async () => {
    put()
    await expect(stat(keys)).rejects.toMatchObject({ code: 'ENOENT' })
    const elsewhere = join(keys, '..', '..', 'elsewhere')
    await writeFile(elsewhere, 'as it was')
    await symlink(elsewhere, keys)
    put()
    await rename(join(keys, '..'), `${elsewhere}.d`)
    await symlink(`${elsewhere}.d`, join(keys, '..'))
    put()
    expect(await readFile(elsewhere, 'utf8')).toBe('as it was')
  })
})
