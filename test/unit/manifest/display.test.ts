import { expect, it } from 'vitest'
import { load, loadError, render } from '../../helpers/manifest.ts'

const manifest = (written: string) => `version: 1\nbox: debian/12\n${written}`

it.each([
  ['', null],
  ['display: false', null],
  ['display: true', { width: 1024, height: 768 }],
  ['display: {}', { width: 1024, height: 768 }],
  ['display: {width: 1280}', { width: 1280, height: 768 }],
  ['display: {width: 1280, height: 800}', { width: 1280, height: 800 }],
])('%s', async (written, expected) => {
  expect((await load(manifest(written))).machines[0]?.display).toEqual(expected)
})

it.each([
  ['display: 1024x768', 'true or false'],
  ['display: {width: 10}', 'a whole number from 320 to 8192'],
  ['display: {widht: 800}', "did you mean 'width'?"],
  ['display: [800, 600]', 'a mapping'],
])('%s is refused', async (written, hint) => {
  expect(render(await loadError(manifest(written)))).toContain(hint)
})
