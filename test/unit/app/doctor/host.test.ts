import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkNode, namespacesCure, recommendedNode } from '../../../../src/app/doctor/host.ts'
import { packageRoot } from '../../../../src/lib/files/package-root.ts'

test('a Node.js that its makers no longer support works, with a warning', () => {
  expect(checkNode('v20.20.2')).toMatchObject({ status: 'warn', hint: 'install Node.js 24 or later' })
  for (const version of ['v22.12.0', 'v24.0.1', 'v26.12.1']) expect(checkNode(version).status).toBe('ok')
})

test.each([
  ['kernel/unprivileged_userns_clone', '0\n', 'sudo sysctl -w kernel.unprivileged_userns_clone=1'],
  [
    'kernel/apparmor_restrict_unprivileged_userns',
    '1\n',
    'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  ],
  ['user/max_user_namespaces', '0\n', 'sudo sysctl -w user.max_user_namespaces=15000'],
])('names the setting that keeps users from namespaces: %s', async (setting, value, cure) => {
  const fine = { 'kernel/unprivileged_userns_clone': '1\n' } as Record<string, string>
  expect(await namespacesCure(async (path) => (path === setting ? value : (fine[path] ?? null)))).toContain(
    cure,
  )
})

test('names none where none does', async () => {
  expect(await namespacesCure(async () => null)).not.toContain('sysctl')
})

test('README and package.json recommend the same Node.js', () => {
  const read = (name: string) => readFileSync(join(packageRoot(), name), 'utf8')
  expect(read('README.md')).toContain(`Node.js ${recommendedNode} is recommended`)
  expect(JSON.parse(read('package.json')).devEngines.runtime.version).toBe(`>=${recommendedNode}`)
})
