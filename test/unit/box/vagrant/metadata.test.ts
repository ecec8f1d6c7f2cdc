import { describe, expect, it } from 'vitest'
import { parseMetadata } from '../../../../src/box/vagrant/metadata.ts'

const parse = (data: unknown) => parseMetadata(JSON.stringify(data), 'shop.box')

describe('the metadata of a Vagrant box', () => {
  it('of form 1 has one disk', () => {
    expect(parse({ provider: 'libvirt', format: 'qcow2', virtual_size: 40 })).toEqual({
      disks: [{ path: 'box.img', format: 'qcow2' }],
      arch: null,
    })
    expect(parse({ provider: 'libvirt' }).disks).toEqual([{ path: 'box.img', format: 'qcow2' }])
  })

  it('of form 2 lists its disks, and may say its architecture', () => {
    const disks = [{ path: './box_1.img' }, { path: 'data/two.img', name: 'data', format: 'raw' }]
    expect(parse({ provider: 'libvirt', format: 'qcow2', disks, architecture: 'arm64', more: {} })).toEqual({
      disks: [
        { path: 'box_1.img', format: 'qcow2' },
        { path: 'data/two.img', format: 'raw' },
      ],
      arch: 'aarch64',
    })
  })

  const libvirt = (more: object) => ({ provider: 'libvirt', ...more })
  it.each<[string, unknown, RegExp]>([
    ['no object', [], /not a JSON object/],
    ['another provider', { provider: 'virtualbox' }, /made for "virtualbox"/],
    ['no provider', { format: 'qcow2' }, /does not name a provider/],
    ['another format', libvirt({ format: 'vmdk' }), /format "vmdk"/],
    ['a disk of another format', libvirt({ disks: [{ path: 'a', format: 'vdi' }] }), /format "vdi"/],
    ['a path that leads out', libvirt({ disks: [{ path: '../../etc/shadow' }] }), /points outside the box/],
    ['an absolute path', libvirt({ disks: [{ path: '/etc/shadow' }] }), /points outside the box/],
    ['a path inside that leads out', libvirt({ disks: [{ path: 'a/../../b' }] }), /points outside the box/],
    ['a path with a NUL', libvirt({ disks: [{ path: 'a\0b' }] }), /points outside the box/],
    ['no path', libvirt({ disks: [{ virtual_size: 2 }] }), /the path of disk 1/],
    ['a disk twice', libvirt({ disks: [{ path: 'a' }, { path: './a' }] }), /lists the disk a twice/],
    [
      'seventeen disks',
      libvirt({ disks: Array.from({ length: 17 }, (_, i) => ({ path: `d${i}` })) }),
      /more than 16/,
    ],
    ['disks that are not a list', libvirt({ disks: { path: 'a' } }), /more than 16/],
    ['another architecture', libvirt({ architecture: 'mips64' }), /mips64/],
    ['a trap for objects', libvirt({ architecture: '__proto__' }), /__proto__/],
  ])('with %s is refused', (_, data, problem) => {
    expect(() => parse(data)).toThrow(
      expect.objectContaining({ code: 'E_BOX_INVALID', message: expect.stringMatching(problem) }),
    )
  })

  it('that is not JSON is refused', () => {
    expect(() => parseMetadata('{', 'shop.box')).toThrow(/not a JSON object/)
  })
})
