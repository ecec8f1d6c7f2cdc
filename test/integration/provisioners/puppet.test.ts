import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PosadaEvent } from '../../../src/events/index.ts'
import { findProgram } from '../../../src/lib/process/find-program.ts'
import type { PuppetStep } from '../../../src/manifest/index.ts'
import type { StepRecord } from '../../../src/provisioners/index.ts'
import { connect, type SshSession } from '../../../src/ssh/index.ts'
import { runHere } from '../../helpers/run-steps.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// Puppet steps against Debian's own sshd: with a program that stands in for puppet, to see what it is given, and with the
// real one where it is installed. Some 5 s.

const place = { file: '/p/posada.yaml', line: 3, column: 5 }
const machine = randomBytes(4).toString('hex')
const real = findProgram('puppet')

let server: TestServer
/** Where programs of the guest are. */
let guestBin: string
let session: SshSession
let folder: string
let events: PosadaEvent[]
let done: Map<string, StepRecord>
beforeAll(async () => {
  guestBin = await mkdtemp(join(tmpdir(), 'posada-guest-'))
  server = await startSshd([`SetEnv PATH=${guestBin}${delimiter}${process.env.PATH} HOME=${guestBin}`])
})
afterAll(async () => {
  await server?.stop()
  await rm(guestBin, { recursive: true, force: true })
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posada puppet '))
  await mkdir(join(folder, 'ops', 'modules', 'web'), { recursive: true })
  await writeFile(join(folder, 'ops', 'a site.pp'), 'notice("hello")\n')
  events = []
  done = new Map()
})
afterEach(async () => {
  await session?.close()
  await rm(folder, { recursive: true, force: true })
  await rm(join(guestBin, 'puppet'), { force: true })
  expect((await readdir('/tmp')).filter((name) => name.startsWith(`posada-${machine}`))).toEqual([])
})

const puppet = (rest: Partial<PuppetStep> = {}): PuppetStep => ({
  ...{ kind: 'puppet', name: 'site', run: 'changed', retries: 0, reboot: false, timeout: null, place },
  ...{ manifest: join(folder, 'ops', 'a site.pp'), facts: { role: "it's $HOME" } },
  ...rest,
})

async function run(step: PuppetStep): Promise<string[]> {
  session = await connect(server.target)
  const emit = (event: PosadaEvent) => void events.push(event)
  return runHere({ server, session, id: machine, steps: [step], done, emit })
}

const output = () => events.map((event) => (event.type === 'output' ? event.text : '')).join('')

async function standIn(script: string): Promise<void> {
  await writeFile(join(guestBin, 'puppet'), `#!/bin/sh\n${script}\n`)
  await chmod(join(guestBin, 'puppet'), 0o755)
}

describe.runIf(process.getuid?.() === 0)("with the guest's Puppet", () => {
  test('it gets a copy of the folder and facts; 2 says that something was changed', async () => {
    await writeFile(join(folder, 'ops', 'hiera.yaml'), 'version: 5\n')
    await standIn(
      `printf '%s\\n' "$@" | sed "s#$PWD#HERE#"; echo "$FACTER_role"; cat ./'a site.pp'; id -un; exit 2`,
    )
    expect(await run(puppet())).toEqual(['site ran'])
    expect(output().trim().split('\n')).toEqual([
      ...['apply', '--detailed-exitcodes', '--color', 'false'],
      ...['--modulepath', 'HERE/modules', '--hiera_config', 'HERE/hiera.yaml', './a site.pp'],
      ...["it's $HOME", 'notice("hello")', 'root'],
    ])
  })

  test.each([1, 4, 6])('exit code %i is the step’s failure', async (code) => {
    await standIn(`echo Error: no such resource; exit ${code}`)
    await expect(run(puppet())).rejects.toMatchObject({
      code: 'E_PROVISION_STEP',
      message: `provision step site failed with exit code ${code}`,
      details: ['Error: no such resource'],
    })
    expect(done.size).toBe(0)
  })

  test('a change in its folder or facts makes the step due', async () => {
    await standIn('exit 0')
    expect(await run(puppet())).toEqual(['site ran'])
    expect(await run(puppet())).toEqual(['site skipped'])
    await writeFile(join(folder, 'ops', 'modules', 'web', 'init.pp'), 'class web {}')
    expect(await run(puppet())).toEqual(['site ran'])
    expect(await run(puppet({ facts: {} }))).toEqual(['site ran'])
  })

  test.skipIf(real !== null)('where it is missing, that is said', async () => {
    await expect(run(puppet())).rejects.toMatchObject({
      ...{ code: 'E_PUPPET_MISSING', place, machine: 'web', hint: expect.stringContaining('puppet-agent') },
    })
  })
})

test.runIf(real !== null && process.getuid?.() === 0)(
  'with the real Puppet a manifest is applied',
  async () => {
    const target = join(folder, 'made')
    await writeFile(
      join(folder, 'ops', 'a site.pp'),
      `file { '${target}': content => "\${facts['role']}" }\n`,
    )
    expect(await run(puppet()), output()).toEqual(['site ran'])
    await writeFile(join(folder, 'ops', 'a site.pp'), `exec { '/bin/false': }\n`)
    await expect(run(puppet())).rejects.toMatchObject({ code: 'E_PROVISION_STEP' })
  },
)
