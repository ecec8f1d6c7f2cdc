import { expect, test } from 'vitest'
import { converted, vagrant } from '../../helpers/conversion.ts'

const hex = 'AB'.repeat(32)

test.each(['300.1.1.1', '1.2.3.256', '01.2.3.4'])(
  'a port on %s of the host is left out: no manifest can have it',
  async (address) => {
    const compose = `services:\n  a:\n    image: debian:12\n    ports: ["${address}:80:80"]\n`
    const lima = `images: []\nportForwards:\n  - {guestPort: 80, hostIP: ${address}}\n`
    const reason = 'the host listens on IPv4 addresses only'
    for (const [name, text] of [['compose.yaml', compose] as const, ['lima.yaml', lima] as const]) {
      const { manifest, leftOut } = await converted(name, text)
      expect(manifest.machines.flatMap(({ ports }) => ports)).toEqual([])
      expect(leftOut).toContainEqual(expect.objectContaining({ line: name === 'lima.yaml' ? 3 : 4, reason }))
    }
  },
)

test('a port on an address of the host is carried over', async () => {
  const { text } = await converted(
    'lima.yaml',
    'images: []\nportForwards:\n  - {guestPort: 80, hostPort: 81, hostIP: 10.1.2.3, proto: udp}\n',
  )
  expect(text).toContain('"10.1.2.3:81:80/udp"')
})

test('a checksum is written as manifests have it', async () => {
  const lima = `images:\n  - {location: "https://example.org/a.qcow2", digest: "SHA256:${hex}"}\n`
  const { text } = await converted('lima.yaml', lima)
  expect(text).toContain(`checksum: sha256:${hex.toLowerCase()}\n`)
  const { text: box } = await vagrant(`
  config.vm.box_url = "https://example.org/a.box"
  config.vm.box_download_checksum = "${hex}"
  config.vm.box_download_checksum_type = "SHA-256"`)
  expect(box).toContain(`checksum: sha256:${hex.toLowerCase()}\n`)
})

test.each(['sha256:ab', `sha1:${'a'.repeat(40)}`, `md5:${'a'.repeat(32)}`])(
  'a digest %s is left away',
  async (digest) => {
    const lima = `images:\n  - {location: "https://example.org/a.qcow2", digest: "${digest}"}\n`
    expect((await converted('lima.yaml', lima)).text).not.toContain('checksum')
  },
)
