import { expect, test } from 'vitest'
import type { ShellStep } from '../../../src/manifest/index.ts'
import { stepError } from '../../../src/provisioners/errors.ts'

const step = (inline: string): ShellStep => ({
  kind: 'shell',
  name: 'setup',
  run: 'changed',
  retries: 0,
  reboot: false,
  timeout: null,
  place: { file: '/shop/posada.yaml', line: 3, column: 5, text: '- shell: x', length: 1 },
  source: { inline },
  args: [],
  env: {},
  sensitive: {},
  user: 'root',
})

test.each([
  { inline: './setup.sh --fast', code: 127, path: true },
  { inline: '../ops/my setup.sh', code: 127, path: true },
  { inline: './setup.sh --fast', code: 1, path: false },
  { inline: 'nosuch --fast', code: 127, path: false },
  { inline: './configure --x\nmake', code: 127, path: false },
])('$inline that ends with $code', ({ inline, code, path }) => {
  const { hint } = stepError(step(inline), 'web', { code, signal: null, lines: [] })
  expect(hint).toContain(path ? 'path: ./script' : 'posada provision web')
})
