import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DoctorResult } from '../../src/app/doctor/index.ts'
import { makePlace, type Place } from '../helpers/posada.ts'

// A host where nothing is installed but an apt-get that only writes down what it was asked for.
// Probes of providers may take some seconds.
let place: Place
let log: string

beforeAll(() => {
  place = makePlace()
  const bin = join(place.dir, 'bin')
  log = join(place.dir, 'installed')
  mkdirSync(bin)
  const script = `#!/bin/sh\necho "$0 $*" >> '${log}'\necho unpacking\n`
  for (const name of ['apt-get', 'sudo']) {
    writeFileSync(join(bin, name), script)
    chmodSync(join(bin, name), 0o755)
  }
  place.env.PATH = bin
})
afterAll(() => place.remove())

describe('doctor', () => {
  it('finds out that QEMU is missing and says how to get it', async () => {
    const { stdout, stderr } = await place.run('doctor', '--json')
    expect(stderr).toBe('')
    const { checks } = JSON.parse(stdout) as DoctorResult
    const qemu = checks.find(({ name }) => name === 'provider:qemu')
    expect(qemu?.status).not.toBe('ok')
    expect(qemu?.packages).toContain('qemu-system-x86')
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'node',
        'box-tools',
        'architectures',
        'namespaces',
        'sockets',
        'disk:boxes',
        'disk:project',
      ]),
    )
  })

  it('asks before it installs', async () => {
    const { code, stderr } = await place.run('doctor', '--fix')
    expect(code).toBe(2)
    expect(stderr).toContain('[E_CONFIRM]')
    expect(stderr).toContain('apt-get install')
  })

  it('installs with --yes, shows what apt says, and looks again', async () => {
    const { code, stdout, stderr } = await place.run('doctor', '--fix', '--yes')
    expect(readFileSync(log, 'utf8')).toMatch(
      /apt-get update\n[^\n]*apt-get install -y --no-install-recommends .*qemu-system-x86/,
    )
    expect(stderr).toContain('unpacking')
    expect(stdout).toContain('installed: ')
    expect(code).toBe(stdout.includes('cannot run on this host') ? 1 : 0)
  })
})
