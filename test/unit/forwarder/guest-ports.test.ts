import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listings, mostPorts, parseListing, watchScript } from '../../../src/forwarder/guest-ports.ts'

const none = new Set<number>()
const ports = (text: string, skip: ReadonlySet<number> = none) => parseListing(text, skip)

describe('parseListing', () => {
  it('takes what listens on loopback or on all addresses, lowest first', () => {
    const text = [
      '00000000:1F90',
      '0100007F:0016',
      '00000000000000000000000001000000:0BB8',
      '00000000000000000000000000000000:0BB9',
      '0000000000000000FFFF00000100007F:0BBA',
    ].join('\n')
    expect(ports(text)).toEqual([
      { port: 22, hosts: ['127.0.0.1'] },
      { port: 3000, hosts: ['::1'] },
      { port: 3001, hosts: ['127.0.0.1', '::1'] },
      { port: 3002, hosts: ['127.0.0.1'] },
      { port: 8080, hosts: ['127.0.0.1'] },
    ])
    expect(ports(text, new Set([22, 3000, 3001, 3002])).map(({ port }) => port)).toEqual([8080])
  })

  it('leaves out what loopback does not reach, and goes by IPv4 first where there is both', () => {
    expect(ports('3500007F:0035\n0A00020F:1F90\nFE800000000000000000000000000001:1F90')).toEqual([])
    const both = ['00000000000000000000000001000000:0BB8', '0100007F:0BB8']
    expect(ports(both.join('\n'))).toEqual([{ port: 3000, hosts: ['127.0.0.1', '::1'] }])
    expect(ports(both.reverse().join('\n'))).toEqual([{ port: 3000, hosts: ['127.0.0.1', '::1'] }])
  })

  it('passes nonsense over', () => {
    const text =
      '00000000:0000\n00000000:\n:1F90\n00000000:1F90 \n00000000:11F90\n0000000G:1F90\n; rm -rf /\n'
    expect(ports(text)).toEqual([])
  })

  it('takes no more than the bound, whatever a guest claims', () => {
    const text = Array.from(
      { length: 5000 },
      (_, index) => `00000000:${(index + 2000).toString(16).toUpperCase().padStart(4, '0')}`,
    )
    const found = ports(text.join('\n'))
    expect(found).toHaveLength(mostPorts)
    expect(found.at(-1)?.port).toBe(2000 + mostPorts - 1)
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => void ports(text)))
  })
})

describe('listings', () => {
  const read = (chunks: string[]) => {
    const seen: string[] = []
    const take = listings((text) => seen.push(text))
    chunks.forEach(take)
    return seen
  }

  it('are put together from any pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^([0-9A-F]{1,8}:[0-9A-F]{4}\n){0,3}$/), { maxLength: 5 }),
        fc.array(fc.nat(200), { maxLength: 10 }),
        (texts, cuts) => {
          const whole = texts.map((text) => `${text}.\n`).join('')
          const at = [...new Set(cuts.map((cut) => Math.min(cut, whole.length)))].sort((a, b) => a - b)
          const pieces = [...at, whole.length].map((end, index) => whole.slice(at[index - 1] ?? 0, end))
          expect(read(pieces)).toEqual(texts)
        },
      ),
    )
  })

  it('that never end cost no memory, and the next one is read', () => {
    expect(read([...Array(200).fill('x'.repeat(1000)), '\n.\n', '00000000:1F90\n.\n'])).toEqual([
      '00000000:1F90\n',
    ])
  })
})

it.runIf(process.platform === 'linux')('the script prints a listing and a line with a dot', () => {
  const once = watchScript.replace('sleep 1', 'exit 0')
  const out = execFileSync('/bin/sh', ['-c', once], { encoding: 'utf8' })
  expect(out).toMatch(/^([0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4}(\n|.)*\n\.\n$|^\n\.\n$/)
})
