import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { providerRegistry } from '../../src/app/provider/registry.ts'
import { providerContract } from './provider-contract.ts'

// A provider in a package of its own, installed in a project outside the source tree.
let project: string
let installed: string

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'posada-acme-'))
  installed = join(project, 'node_modules', 'posada-provider-acme')
  await cp(join(import.meta.dirname, '..', 'fixtures', 'posada-provider-acme'), installed, {
    recursive: true,
  })
})

afterAll(async () => {
  await rm(project, { recursive: true, force: true })
})

providerContract('posada-provider-acme, a plug-in', {
  makeProvider: (context) =>
    providerRegistry({ root: project, ...context, trust: { require: async () => undefined } }).get('acme'),
  can: { pause: false, ready: false, media: false, switchNics: false, hostAccess: false, snapshot: false },
  makeGuest: async () => {
    const boot = { kind: 'kernel' as const, kernel: join(installed, 'guest.js'), cmdline: '' }
    return {
      boot,
      deaf: { ...boot, cmdline: 'guest.deaf' },
      brief: { ...boot, cmdline: 'guest.then=poweroff' },
      memory: 64 * 1024 * 1024,
      echoPort: 7,
      says: 'guest is up',
      patience: 10_000,
    }
  },
})
