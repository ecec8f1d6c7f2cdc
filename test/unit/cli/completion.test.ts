import { describe, expect, it } from 'vitest'
import { completionRequest, type Surface, type SurfaceCommand } from '../../../src/cli/completion/request.ts'
import { candidatesFor } from '../../../src/cli/completion/values.ts'
import { withFolder } from '../../helpers/manifest.ts'

const flags: SurfaceCommand['flags'] = {
  json: { name: 'json', type: 'boolean' },
  file: { name: 'file', char: 'f', type: 'option' },
  step: { name: 'step', type: 'option' },
}

function command(id: string, args: SurfaceCommand['args'] = {}): SurfaceCommand {
  return { id, args, flags, summary: `does ${id}` }
}

const surface: Surface = {
  commands: {
    up: command('up', { machine: { name: 'machine', multiple: true } }),
    exec: command('exec', { machine: { name: 'machine' } }),
    ssh: command('ssh', { machine: { name: 'machine' } }),
    'network:capture': command('network:capture', { spot: { name: 'spot', multiple: true } }),
    'box:list': command('box:list'),
    'box:search': command('box:search', { name: { name: 'name' } }),
    'box:remove': command('box:remove', { box: { name: 'box' } }),
    secret: { ...command('secret'), hidden: true },
  },
}

describe('completionRequest', () => {
  it.each([
    [[''], { kind: 'command', before: '' }],
    [['u'], { kind: 'command', before: '' }],
    [['box', 'l'], { kind: 'command', before: 'box' }],
    [['up', 'we'], { kind: 'arg', arg: 'machine', given: [] }],
    [['up', 'web', '--json', 'd'], { kind: 'arg', arg: 'machine', given: ['web'] }],
    [['up', '-f', 'x.yaml', ''], { kind: 'arg', arg: 'machine', given: [], file: 'x.yaml' }],
    [['-f', 'x.yaml', '--json', 'up', ''], { kind: 'arg', arg: 'machine', given: [], file: 'x.yaml' }],
    [['--json', 'box', ''], { kind: 'command', before: 'box' }],
    [['up', '-f', ''], { kind: 'flag-value', flag: 'file' }],
    [['up', '--s'], { kind: 'flag' }],
    [['exec', 'web', 'x'], { kind: 'nothing' }],
    [['exec', 'web', '--', 'l'], { kind: 'nothing' }],
    [['box', 'remove', ''], { kind: 'arg', arg: 'box' }],
    [['nonsense', ''], { kind: 'nothing' }],
  ])('%j', (words, expected) => {
    expect(completionRequest(words, surface)).toMatchObject(expected)
  })
})

describe('candidatesFor', () => {
  const around = { surface, cwd: '/', env: {} }
  const names = async (words: string[]) =>
    (await candidatesFor(completionRequest(words, surface), around)).map(({ value }) => value)

  it('offers commands and groups once each, but no hidden ones', async () => {
    expect(await names([''])).toEqual(['up', 'exec', 'ssh', 'network', 'box'])
    expect(await names(['box', ''])).toEqual(['list', 'search', 'remove'])
  })

  it('offers the boxes that are available', async () => {
    expect(await names(['box', 'search', ''])).toEqual(
      expect.arrayContaining(['debian/13', 'posada/tiny', 'ubuntu/24.04']),
    )
    // The first to ask loads all that knows boxes: 7 s, several times that on a busy host.
  }, 120_000)

  it('offers machines, and the name of replicas where several may be named', async () => {
    const text = 'version: 1\ndefaults: {box: debian/12}\nmachines: {web: {replicas: 2}, db: }\n'
    await withFolder({ 'posada.yaml': text }, async (cwd) => {
      const offered = async (...words: string[]) =>
        (await candidatesFor(completionRequest(words, surface), { ...around, cwd })).map(({ value }) => value)
      expect(await offered('up', '')).toEqual(['web', 'web-1', 'web-2', 'db'])
      expect(await offered('up', 'web-1', '')).toEqual(['web', 'web-2', 'db'])
      expect(await offered('exec', '')).toEqual(['web', 'web-1', 'web-2', 'db'])
      expect(await offered('ssh', '')).toEqual(['web-1', 'web-2', 'db'])
    })
  })

  it('offers networks and machines where both may be captured', async () => {
    const text =
      'version: 1\nnetworks: {back: {subnet: 10.40.0.0/24}}\nmachines: {web: {box: debian/12, networks: [back]}}\n'
    await withFolder({ 'posada.yaml': text }, async (cwd) => {
      const request = completionRequest(['network', 'capture', ''], surface)
      const offered = await candidatesFor(request, { ...around, cwd })
      expect(offered.map(({ value }) => value)).toEqual(['back', 'web'])
    })
  })

  it('offers flags and leaves files to the shell', async () => {
    expect(await names(['up', '--'])).toEqual(['--json', '--file', '--step'])
    expect(await names(['up', '--file', ''])).toEqual([':files'])
  })
})
