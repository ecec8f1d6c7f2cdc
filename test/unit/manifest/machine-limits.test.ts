import { expect, it } from 'vitest'
import { load, loadError, render } from '../../helpers/manifest.ts'

const manifest = (written: string) => `version: 1\nbox: debian/12\n${written}`

it.each([
  ['', [null, null, null]],
  ['limits: {}', [null, null, null]],
  ['limits: {disk: {iops: 500}}', [500, null, null]],
  ['limits: {disk: {bandwidth: 50MiB}, network: {bandwidth: 20mbit}}', [null, 50 * 2 ** 20, 2e7]],
  ['defaults: {limits: {disk: {iops: 5}}}\nlimits: {network: {bandwidth: 1gbit}}', [5, null, 1e9]],
])('%s', async (written, expected) => {
  const limits = (await load(manifest(written))).machines[0]?.limits
  expect([limits?.disk.iops, limits?.disk.bandwidth, limits?.network.bandwidth]).toEqual(expected)
})

it.each([
  ['limits: {disk: {iops: 0}}', 'a whole number from 1'],
  ['limits: {disk: {bandwidth: 5}}', 'has no unit'],
  ['limits: {disk: {bandwidth: 1KiB}}', 'it is from 64KiB to 1TiB'],
  ['limits: {network: {bandwidth: 5MiB}}', "unit that is not known, 'MiB'"],
  ['limits: {network: {iops: 5}}', 'iops'],
  ['limits: {network: {bandwidth: 0bit}}', 'at least 64kbit'],
  ['limits: {network: {bandwidth: 63kbit}}', 'at least 64kbit'],
  ['limits: {memory: 5}', 'memory'],
])('%s is refused', async (written, text) => {
  expect(render(await loadError(manifest(written)))).toContain(text)
})
