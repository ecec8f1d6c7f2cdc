import { expect, it } from 'vitest'
import { load, loadError, render } from '../../helpers/manifest.ts'

const manifest = (written: string) => `version: 1\nbox: debian/12\n${written}`
const mebibyte = 2 ** 20

it.each([
  ['', [1024, null]],
  ['memory: 512MiB', [512, null]],
  ['memory: {min: 256MiB, max: 2GiB}', [2048, 256]],
  ['memory: {min: 1GiB, max: 1GiB}', [1024, 1024]],
  ['defaults: {memory: {min: 256MiB, max: 2GiB}}\nmemory: 512MiB', [512, null]],
])('%s', async (written, expected) => {
  const { memory = 0, memoryMin = 0 } = (await load(manifest(written))).machines[0] ?? {}
  expect([memory / mebibyte, memoryMin === null ? null : memoryMin / mebibyte]).toEqual(expected)
})

it.each([
  ['memory: {min: 2GiB, max: 1GiB}', 'at most `max`'],
  ['memory: {max: 1GiB}', "the key 'min' is missing"],
  ['memory: {min: 1GiB}', "the key 'max' is missing"],
  ['memory: {min: 1MiB, max: 1GiB}', 'it is from 16MiB to 16TiB'],
  ['memory: {min: 256MiB, max: 1GiB, step: 1MiB}', 'step'],
  ['memory: []', 'a size such as'],
  ['memory: true', 'a size such as'],
])('%s is refused', async (written, text) => {
  expect(render(await loadError(manifest(written)))).toContain(text)
})
