import { expect, it } from 'vitest'
import { lockName } from '../../../../src/machine/box/lock-name.ts'

it.each([
  ['https://Example.com/a.sh', 'https://example.com/a.sh'],
  [`https://example.com/a.sh#sha256=${'0'.repeat(64)}`, 'https://example.com/a.sh'],
  ['http://example.com/a.sh#sha256=0', 'http://example.com/a.sh'],
  ['https://me:hunter2@example.com/a.sh?v=1&token=hunter2', 'https://example.com/a.sh?v=1'],
  ['debian/12', 'debian/12'],
  ['debian/12@>= 2026', 'debian/12@>= 2026'],
  ['./web.tar', './web.tar'],
  ['vagrant:generic/debian12', 'vagrant:generic/debian12'],
  ['oci://h.example/team/web:1', 'oci://h.example/team/web:1'],
])('%s is %s', (given, name) => expect(lockName(given)).toBe(name))
