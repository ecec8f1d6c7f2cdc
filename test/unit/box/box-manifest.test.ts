import { describe, expect, it } from 'vitest'
import { parseBoxManifest } from '../../../src/box/box-manifest.ts'
import { boxContent, describeFile } from '../../helpers/box-files.ts'

const sound = JSON.parse(boxContent().get('box.json') ?? '')
const problems = (change: object) => {
  try {
    parseBoxManifest(JSON.stringify({ ...sound, ...change }), 'here')
    return 'sound'
  } catch (error) {
    expect(error).toMatchObject({ code: 'E_BOX_INVALID' })
    return (error as { details: string[] }).details.join('\n')
  }
}

describe('box.json', () => {
  it('is read', () => expect(parseBoxManifest(JSON.stringify(sound), 'here')).toEqual(sound))

  it.each([
    ['another format', { format: 2 }, /format/],
    ['a name that leads out', { name: '../..' }, /name/],
    ['a version that is a path', { version: '1/../../x' }, /version/],
    ['an unknown key', { extra: 1 }, /extra/],
    ['no disk', { disks: [] }, /disks/],
    ['a disk elsewhere', { disks: [{ ...sound.disks[0], file: '../../etc/shadow' }] }, /plain file name/],
    ['a disk that is box.json', { disks: [{ ...sound.disks[0], file: 'box.json' }] }, /box.json itself/],
    ['a file named twice', { login: { user: 'posada', key: describeFile('root.raw', 'x') } }, /twice/],
    ['no way in', { login: { user: 'posada' } }, /login.key: is missing/],
    ['a negative size', { minMemory: -1 }, /minMemory/],
    ['a size past whole numbers', { minMemory: 1e300 }, /minMemory/],
    ['a user that is an option', { login: { ...sound.login, user: '-oProxyCommand=x' } }, /user/],
    [
      'a line break in the command line',
      { kernel: { kernel: describeFile('k', 'x'), cmdline: 'a\nb' } },
      /cmdline/,
    ],
  ])('is refused with %s', (_, change, problem) => expect(problems(change)).toMatch(problem))

  it('says whether the initrd puts the machine’s key in its place', () => {
    const kernel = { kernel: describeFile('k', 'x'), cmdline: 'root=/dev/vda' }
    expect(problems({ kernel })).toBe('sound')
    expect(problems({ kernel: { ...kernel, takesKey: true } })).toBe('sound')
    expect(problems({ kernel: { ...kernel, takesKey: 'posada' } })).toMatch(/kernel.takesKey/)
  })

  it('needs no key where a seed brings one', () => {
    expect(problems({ login: { user: 'posada' }, seed: 'nocloud' })).toBe('sound')
  })

  it('is refused when it is not JSON', () => {
    expect(() => parseBoxManifest('{', 'here')).toThrow(expect.objectContaining({ code: 'E_BOX_INVALID' }))
  })
})
