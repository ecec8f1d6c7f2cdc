import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PosadaEvent } from '../../../src/events/index.ts'
import { findProgram } from '../../../src/lib/process/find-program.ts'
import type { AnsibleStep } from '../../../src/manifest/index.ts'
import type { StepRecord } from '../../../src/provisioners/index.ts'
import { connect, generateKeyPair, type SshSession } from '../../../src/ssh/index.ts'
import { runHere } from '../../helpers/run-steps.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { isRunning, startSshd } from '../../helpers/sshd.ts'

// Steps of Ansible against Debian's own sshd: with a program that stands in for ansible-playbook, to see what it is
// given, and with the real one where it is installed. Some 10 s.

const place = { file: '/p/posada.yaml', line: 3, column: 5 }
const machine = randomBytes(4).toString('hex')
const isRoot = process.getuid?.() === 0
const real = findProgram('ansible-playbook')
const path = process.env.PATH ?? ''

let server: TestServer
/** Where programs of the guest are. */
let guestBin: string
let session: SshSession
let folder: string
let events: PosadaEvent[]
let done: Map<string, StepRecord>
beforeAll(async () => {
  guestBin = await mkdtemp(join(tmpdir(), 'posada-guest-'))
  server = await startSshd([`SetEnv PATH=${guestBin}${delimiter}${path} HOME=${guestBin}`])
})
afterAll(async () => {
  await server?.stop()
  await rm(guestBin, { recursive: true, force: true })
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posada play '))
  await mkdir(join(folder, 'play', 'roles'), { recursive: true })
  await writeFile(join(folder, 'play', 'site.yml'), '- hosts: all\n')
  events = []
  done = new Map()
})
afterEach(async () => {
  process.env.PATH = path
  await session?.close()
  await rm(folder, { recursive: true, force: true })
  const left = (await readdir('/tmp')).filter((name) => name.startsWith(`posada-${machine}`))
  expect([...left, ...(await ansibleFolders())]).toEqual([])
})

const ansibleFolders = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('posada-ansible-'))

const ansible = (rest: Partial<AnsibleStep> = {}): AnsibleStep => ({
  ...{ kind: 'ansible', name: 'site', run: 'changed', retries: 0, reboot: false, timeout: null, place },
  playbook: join(folder, 'play', 'site.yml'),
  groups: ['webservers'],
  vars: { greeting: "it's $HOME" },
  via: null,
  ...rest,
})

async function run(step: AnsibleStep): Promise<string[]> {
  session = await connect(server.target)
  const emit = (event: PosadaEvent) => void events.push(event)
  return runHere({ server, session, id: machine, steps: [step], done, emit })
}

const output = () => events.map((event) => (event.type === 'output' ? event.text : '')).join('')

/** A program of the name ansible-playbook; gives the folder that it is in. */
async function standIn(script: string, bin = join(folder, 'bin')): Promise<string> {
  await mkdir(bin, { recursive: true })
  await writeFile(join(bin, 'ansible-playbook'), `#!/bin/sh\n${script}\n`)
  await chmod(join(bin, 'ansible-playbook'), 0o755)
  return bin
}

/** Runs a command over SSH as the inventory says. */
const overSsh = `args=$(sed 's/.*"ansible_ssh_common_args":"\\([^"]*\\)".*/\\1/' "$2")
eval "ssh $args -o ControlMaster=auto -o ControlPersist=60 -o ControlPath=$ANSIBLE_SSH_CONTROL_PATH box"`

describe("with this computer's Ansible", () => {
  test('it is given the machine, groups and variables, and reaches it by its key and host key', async () => {
    process.env.PATH = `${await standIn(`printf '%s\\n' "$@"; cat "$2"; echo; cat "\${4#@}"; echo; stat -c %a "\${4#@}"
pwd; echo "checks: $ANSIBLE_HOST_KEY_CHECKING"; ${overSsh} 'echo "over SSH: $(id -un)"'`)}${delimiter}${path}`
    expect(await run(ansible())).toEqual(['site ran'])
    const [i, list, extra, vars, ...rest] = output().split('\n')
    const become = server.target.user === 'root' ? [] : ['--become']
    expect([i, extra, ...rest.splice(0, become.length + 1)]).toEqual([
      ...['-i', '--extra-vars', ...become],
      join(folder, 'play', 'site.yml'),
    ])
    expect(vars).toBe(`@${join(list ?? '', '..', 'vars.json')}`)
    expect(JSON.parse(rest.shift() ?? '')).toEqual({
      all: {
        hosts: { web: { ansible_host: 'box', ansible_ssh_common_args: expect.stringContaining('-F ') } },
        children: { webservers: { hosts: { web: {} } } },
      },
    })
    expect(JSON.parse(rest.shift() ?? '')).toEqual({ greeting: "it's $HOME" })
    expect(rest.filter(Boolean)).toEqual([
      ...['600', join(folder, 'play'), 'checks: True'],
      `over SSH: ${server.target.user}`,
    ])
  })

  test('a guest with another host key than the one recorded is not spoken to', async () => {
    const swap = join(folder, 'swapped')
    const script = `while [ ! -e '${swap}' ]; do sleep 0.05; done; ${overSsh} 'echo reached'`
    process.env.PATH = `${await standIn(script)}${delimiter}${path}`
    session = await connect(server.target)
    await session.close()
    const known = await readFile(server.target.knownHostsFile, 'utf8')
    const other = generateKeyPair('other').publicKey.split(' ').slice(0, 2).join(' ')
    const swapped = run(ansible())
    await vi.waitFor(() => expect(events.length).toBeGreaterThan(0))
    await writeFile(server.target.knownHostsFile, `box ${other}\n`)
    await writeFile(swap, '')
    try {
      await expect(swapped).rejects.toMatchObject({ code: 'E_PROVISION_STEP' })
      expect(output()).not.toContain('reached')
    } finally {
      await writeFile(server.target.knownHostsFile, known)
    }
  })

  test('a play that takes too long is ended with all that it started', async () => {
    const pids = join(folder, 'pids')
    const bin = await standIn(
      `echo $$ >> '${pids}'; sleep 1000 & echo $! >> '${pids}'; trap '' INT; wait; wait`,
    )
    process.env.PATH = `${bin}${delimiter}${path}`
    await expect(run(ansible({ timeout: 4000 }))).rejects.toMatchObject({ code: 'E_PROVISION_TIMEOUT' })
    const all = (await readFile(pids, 'utf8')).trim().split('\n').map(Number)
    expect(all).toHaveLength(2)
    expect(await Promise.all(all.map(isRunning))).toEqual([false, false])
    expect(done.size).toBe(0)
  })

  test('a change in the folder of the playbook makes the step due', async () => {
    process.env.PATH = `${await standIn('exit 0')}${delimiter}${path}`
    expect(await run(ansible())).toEqual(['site ran'])
    expect(await run(ansible())).toEqual(['site skipped'])
    await writeFile(join(folder, 'play', 'roles', 'main.yml'), 'new')
    expect(await run(ansible())).toEqual(['site ran'])
    expect(await run(ansible({ vars: { other: 1 } }))).toEqual(['site ran'])
  })
})

describe.runIf(isRoot)("with the guest's Ansible", () => {
  const inGuest = (script: string) => standIn(script, guestBin)
  afterEach(() => rm(join(guestBin, 'ansible-playbook'), { force: true }))

  test('it gets a copy of the folder, which is gone afterwards', async () => {
    await writeFile(join(folder, 'play', 'roles', 'main.yml'), 'a role')
    await inGuest(`pwd; stat -c %a .; cat "$2" "\${4#@}" roles/main.yml; echo; echo "$5 by $(id -un)"`)
    expect(await run(ansible({ via: 'guest' }))).toEqual(['site ran'])
    const [where, mode, texts, last] = output().split('\n')
    expect(where).toMatch(new RegExp(`^/tmp/posada-${machine}-[0-9a-f]+-play$`))
    expect([mode, last]).toEqual(['700', 'site.yml by root'])
    expect(texts).toBe(
      `{"all":{"hosts":{"web":{"ansible_connection":"local"}},"children":{"webservers":{"hosts":{"web":{}}}}}}{"greeting":"it's $HOME"}a role`,
    )
    await expect(stat(where ?? '')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('a play that fails is told with its last lines, and leaves nothing', async () => {
    await inGuest('echo fatal: no such host; exit 4')
    await expect(run(ansible({ via: 'guest' }))).rejects.toMatchObject({
      ...{ code: 'E_PROVISION_STEP', message: 'provision step site failed with exit code 4' },
      details: ['fatal: no such host'],
    })
  })

  test.skipIf(real !== null).each([
    [null, 'neither this computer nor the guest has', /on this computer: .*; or in the guest/],
    ['guest', 'the guest does not have', /install it in the guest/],
    ['host', 'this computer does not have', /install it on this computer/],
  ] as const)('where it is missing (via: %s), that is said', async (via, message, hint) => {
    await expect(run(ansible({ via }))).rejects.toMatchObject({
      ...{ code: 'E_ANSIBLE_MISSING', place, machine: 'web', hint: expect.stringMatching(hint) },
      message: `provision step site needs ansible-playbook, which ${message}`,
    })
  })
})

describe.runIf(real !== null)('with the real Ansible', () => {
  const playbook = (tasks: string) =>
    writeFile(
      join(folder, 'play', 'site.yml'),
      `- hosts: webservers\n  gather_facts: false\n  tasks:\n${tasks}`,
    )

  test('a playbook runs, with its variables', async () => {
    await playbook(
      `    - raw: printf %s "{{ greeting | replace('$', '') }}" > '${folder}/greeting'\n    - command: touch '${folder}/touched'\n`,
    )
    expect(await run(ansible({ via: 'host' })), output()).toEqual(['site ran'])
    expect(await readFile(join(folder, 'greeting'), 'utf8')).toBe("it's HOME")
    expect(await readFile(join(folder, 'touched'), 'utf8')).toBe('')
    expect(output()).toMatch(/web +: ok=2 /)
  })

  test('a task that fails is the step’s failure', async () => {
    await playbook('    - raw: exit 7\n')
    await expect(run(ansible({ via: 'host' }))).rejects.toMatchObject({ code: 'E_PROVISION_STEP' })
    expect(done.size).toBe(0)
  })
})
