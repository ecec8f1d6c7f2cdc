import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makePlace, type Place } from '../helpers/posada.ts'

let place: Place
beforeEach(() => {
  place = makePlace()
})
afterEach(() => place.remove())

const write = (name: string, text: string) => writeFileSync(join(place.dir, name), text)
const vagrantfile = `Vagrant.configure("2") do |config|
  config.vm.box = "generic/debian12"
  config.vm.post_up_message = "hello"
  config.vm.synced_folder ".", "/vagrant"
  config.vm.provision "shell", path: "setup.sh"
end
`

describe('posada init --from', () => {
  it('writes a manifest that is valid, and says what it does not have', async () => {
    write('Vagrantfile', vagrantfile)
    const { code, stdout } = await place.run('init', '--from', 'Vagrantfile')
    expect(code).toBe(0)
    expect(stdout).toContain('one thing could not be carried over')
    const written = readFileSync(join(place.dir, 'posada.yaml'), 'utf8')
    expect(written).toContain('#   line 3: config.vm.post_up_message = "hello": put it into a comment')
    expect(written).toContain('  - from: .\n    to: /vagrant\n')
    expect((await place.run('validate')).code).toBe(0)
    const again = await place.run('init', '--from', 'Vagrantfile')
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('[E_MANIFEST_EXISTS]') })
  })

  it('writes the schema beside the manifest, and leaves one that is there but where it is forced', async () => {
    mkdirSync(join(place.dir, 'sub'))
    write('sub/posada.schema.json', 'another')
    const posada = (...args: string[]) => place.run('init', '--file', 'sub/posada.yaml', ...args)
    expect(await posada()).toMatchObject({ code: 0, stdout: expect.stringContaining('posada.schema.json') })
    const read = (name: string) => readFileSync(join(place.dir, 'sub', name), 'utf8')
    expect(read('posada.yaml')).toMatch(/^# yaml-language-server: \$schema=posada\.schema\.json\n/)
    expect(read('posada.schema.json')).toBe('another')
    expect((await posada('--force')).code).toBe(0)
    expect(JSON.parse(read('posada.schema.json'))).toEqual(JSON.parse((await place.run('schema')).stdout))
    expect(readdirSync(join(place.dir, 'sub')).sort()).toEqual(['posada.schema.json', 'posada.yaml'])
    // Where nothing is written, nothing leads to a file that is not there.
    expect((await place.run('init', 'minimal', '-')).stdout).not.toContain('yaml-language-server')
  })

  it('prints it, as a document too, and writes nothing', async () => {
    write('Vagrantfile', vagrantfile)
    expect(await place.run('init', '--from', 'Vagrantfile', '-')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('\nversion: 1\n'),
    })
    const { stdout } = await place.run('init', '--from', 'Vagrantfile', '-', '--json')
    expect(JSON.parse(stdout)).toEqual({
      template: null,
      from: { file: join(place.dir, 'Vagrantfile'), kind: 'vagrant' },
      file: null,
      text: expect.stringContaining('version: 1'),
      leftOut: [{ what: expect.stringContaining('post_up_message'), line: 3, reason: expect.any(String) }],
    })
    expect(existsSync(join(place.dir, 'posada.yaml'))).toBe(false)
  })

  it('takes paths from where the file is', async () => {
    mkdirSync(join(place.dir, 'old'))
    write('old/Vagrantfile', vagrantfile)
    const { stdout } = await place.run('init', '--from', 'old/Vagrantfile', '-')
    expect(stdout).toContain('shell: ./old/setup.sh')
  })

  it.each([
    ['Makefile', 'all:\n', 'supported files: Vagrantfile'],
    ['Vagrantfile', 'puts "hello"\n', 'configures no machine'],
    ['Vagrantfile', 'Vagrant.configure("2") { "\n', 'cannot be understood: line 1'],
    ['compose.yaml', 'services:\n  web: [\n', 'E_YAML'],
    ['compose.yaml', Buffer.from([0xff, 0xfe, 0x73]), 'not in UTF-8'],
    ['compose.yaml', `services: {}\n#${'x'.repeat(1024 * 1024)}`, 'larger than 1 MiB'],
    ['compose.yaml', 'services: {a: {depends_on: [b]}, b: {depends_on: [a]}}\n', 'in a circle'],
  ])('refuses %s that it cannot take, and writes nothing', async (name, content, said) => {
    writeFileSync(join(place.dir, name), content)
    const { code, stderr } = await place.run('init', '--from', name)
    expect(code).toBe(2)
    expect(stderr).toContain(said)
    expect(readdirSync(place.dir)).toEqual([name])
  })

  it('refuses what is not there, a folder, and a template besides', async () => {
    mkdirSync(join(place.dir, 'Vagrantfile'))
    for (const args of [['Vagrantfile'], ['none'], ['Vagrantfile', 'minimal']])
      expect((await place.run('init', '--from', ...args)).code).toBe(2)
  })
})
