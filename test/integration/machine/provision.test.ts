import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// One boot of posada/tiny for all tests here: about 20 s with emulated processors.

interface Steps {
  machines: { change?: string; steps: { name: string; result: string }[] }[]
}

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('provision it')
  mkdirSync(join(place.dir, 'files'))
  writeFileSync(join(place.dir, 'files', 'a b.conf'), 'from the host\n')
})
afterAll(() => place.cleanUp())

/** Each step notes its name in the guest's /root/ran when it runs. */
const note = (name: string, run = 'changed', more = '') =>
  `  - {name: ${name}, run: ${run}, shell: "echo ${name} >> /root/ran${more}"}\n`
const manifest = (...steps: string[]) =>
  `version: 1\nname: provision\nbox: posada/tiny\nmemory: 256MiB\nenv: {FROM: "the machine"}\nprovision:\n${steps.join('')}`

const inGuest = async (script: string) => (await place.run('exec', '--', 'sudo', 'sh', '-c', script)).stdout
const ran = async () => (await inGuest('cat /root/ran; : > /root/ran')).split('\n').filter(Boolean)
const results = ({ machines }: Steps) => machines[0]?.steps.map(({ name, result }) => `${name} ${result}`)
const recorded = () => {
  const path = join(place.dir, '.posada', 'machines', 'default', 'state.json')
  return Object.keys((JSON.parse(readFileSync(path, 'utf8')) as { provision: object }).provision)
}

const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )

describe('a script that is missing', () => {
  it('is found before the machine is begun', async () => {
    place.write(manifest(note('one'), '  - {name: two, shell: ./no/such-script.sh}\n'))
    expect(await place.fails('E_PROVISION_SOURCE', 'up')).toMatchObject({
      exitCode: 1,
      value: join(place.dir, 'no', 'such-script.sh'),
      place: { file: join(place.dir, 'posada.yaml'), line: 8 },
    })
    expect(await place.json('status')).toMatchObject({ machines: [{ state: 'absent' }] })
  })
})

describe('a step that fails', () => {
  it('stops up with its name, its exit code and its last lines, and is not recorded', async () => {
    place.write(
      manifest(
        note('once', 'once'),
        note('changed'),
        note('always', 'always'),
        note('failing', 'changed', '; echo on stdout; echo on stderr >&2; exit 7'),
        note('after'),
      ),
    )
    const failure = await place.fails('E_PROVISION_STEP', 'up')
    expect(failure).toMatchObject({
      exitCode: 1,
      machine: 'default',
      value: 'failing',
      message: 'provision step failing failed with exit code 7',
      place: { line: 10 },
      hint: expect.stringContaining('posada provision default'),
    })
    expect(failure.details).toEqual(expect.arrayContaining(['on stdout', 'on stderr']))
    expect(recorded()).toEqual(['once', 'changed', 'always'])
    expect(await ran()).toEqual(['once', 'changed', 'always', 'failing'])
    const { machines } = await place.json<{ machines: { state: string; steps: unknown[] }[] }>(
      ...['status', '--steps'],
    )
    expect(machines).toMatchObject([{ state: 'running' }])
    const done = { doneAt: expect.any(String), changed: false, failed: null }
    const never = { doneAt: null, changed: null, due: true }
    expect(machines[0]?.steps).toEqual([
      { name: 'once', kind: 'shell', run: 'once', ...done, due: false },
      { name: 'changed', kind: 'shell', run: 'changed', ...done, due: false },
      { name: 'always', kind: 'shell', run: 'always', ...done, due: true },
      {
        ...{ name: 'failing', kind: 'shell', run: 'changed', ...never },
        failed: { at: expect.any(String), code: 'E_PROVISION_STEP' },
      },
      { name: 'after', kind: 'shell', run: 'changed', ...never, failed: null },
    ])
  })

  it('shows its output behind the machine’s name, and runs again by the next up', async () => {
    const { code, stderr } = await place.run('up')
    expect(code).toBe(1)
    expect(stderr).toContain(' default | on stdout\n')
    expect(stderr).toContain('provision step once: already done')
    expect(await ran()).toEqual(['always', 'failing'])
  })

  it('once repaired, is done, and what comes after it', async () => {
    place.write(
      manifest(
        note('once', 'once'),
        note('changed'),
        note('always', 'always'),
        note('failing'),
        note('after'),
      ),
    )
    expect(results(await place.json<Steps>('up'))).toEqual([
      'once skipped',
      'changed skipped',
      'always ran',
      'failing ran',
      'after ran',
    ])
    expect(await ran()).toEqual(['always', 'failing', 'after'])
    const { stdout } = await place.run('status', '--steps')
    expect(stdout).toMatch(/\n\S+ +failing +\d{4}-\S+Z +no *\n/)
  })
})

describe('steps that are done', () => {
  it('run again by what `run` says of a change', async () => {
    place.write(
      manifest(
        note('once', 'once', '; echo new >> /root/ran'),
        note('changed', 'changed', '; echo new >> /root/ran'),
        note('always', 'always'),
      ),
    )
    expect(results(await place.json<Steps>('up'))).toEqual(['once skipped', 'changed ran', 'always ran'])
    expect(await ran()).toEqual(['changed', 'new', 'always'])
  })

  it('run again by provision --force, one of them by --step', async () => {
    expect(results(await place.json<Steps>('provision', '--step', 'once'))).toEqual(['once skipped'])
    expect(results(await place.json<Steps>('provision', '--step', 'once', '--force'))).toEqual(['once ran'])
    expect(await ran()).toEqual(['once', 'new'])
    expect(results(await place.json<Steps>('provision', '--from', 'changed', '--force'))).toEqual([
      'changed ran',
      'always ran',
    ])
    expect(await ran()).toEqual(['changed', 'new', 'always'])
    await place.json('provision', '--force')
    expect(await ran()).toEqual(['once', 'new', 'changed', 'new', 'always'])
    expect(await place.fails('E_STEP_UNKNOWN', 'provision', '--step', 'onec')).toMatchObject({
      value: 'onec',
      hint: expect.stringContaining('once'),
    })
  })
})

describe('what a step is given', () => {
  it('arguments, environment and user, with spaces and quotes in them; files', async () => {
    writeFileSync(
      join(place.dir, 'files', 'script.sh'),
      '#!/bin/sh\n{ echo "[$1] [$2] [$FROM] [$OWN] [$(id -un)]"; } > "/tmp/out of script"\n',
    )
    place.write(
      manifest(
        '  - name: script\n',
        '    shell: ./files/script.sh\n',
        `    args: ["two  words", "it's \\"quoted\\" $HOME"]\n`,
        `    env: {OWN: "a 'b' $x"}\n`,
        '    user: posada\n',
        '  - {name: from host, file: {from: "./files/a b.conf", to: "/etc/my app/a b.conf", mode: "0640", owner: posada}}\n',
        '  - {name: text, file: {content: "line\\n", to: /etc/text}}\n',
      ),
    )
    expect(results(await place.json<Steps>('up'))).toEqual(['script ran', 'from host ran', 'text ran'])
    expect(await inGuest('cat "/tmp/out of script"')).toBe(
      `[two  words] [it's "quoted" $HOME] [the machine] [a 'b' $x] [posada]\n`,
    )
    expect(
      await inGuest('cat "/etc/my app/a b.conf" /etc/text; stat -c "%a %U" "/etc/my app/a b.conf"'),
    ).toBe('from the host\nline\n640 posada\n')
  })

  it('a file that changes on the host is copied again', async () => {
    writeFileSync(join(place.dir, 'files', 'a b.conf'), 'changed on the host\n')
    expect(results(await place.json<Steps>('up'))).toEqual([
      'script skipped',
      'from host ran',
      'text skipped',
    ])
    expect(await inGuest('cat "/etc/my app/a b.conf"')).toBe('changed on the host\n')
  })

  it('a sensitive value, which stands nowhere afterwards', async () => {
    const token = 'correct-horse-42'
    writeFileSync(join(place.dir, '.env'), `SHOP_TOKEN=${token}\n`)
    place.write(
      manifest(
        '  - name: secret\n',
        '    shell: "echo token is $TOKEN; printf %s \\"$TOKEN\\" | sha256sum > /etc/token.sum"\n',
        '    sensitive: {TOKEN: {env: SHOP_TOKEN}}\n',
      ),
    )
    const { code, stderr } = await place.run('up')
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('token is ***') })
    expect(stderr).not.toContain(token)
    const sum = createHash('sha256').update(token).digest('hex')
    expect(await inGuest('cat /etc/token.sum')).toContain(sum)
    expect(await inGuest(`grep -rl correct-hors[e] /etc /root /home /tmp /var || echo none`)).toBe('none\n')
    for (const file of filesBelow(join(place.dir, '.posada')))
      expect(readFileSync(file).includes(token), file).toBe(false)
    writeFileSync(join(place.dir, '.env'), '')
    place.write(manifest('  - {name: other, shell: "true", sensitive: {TOKEN: {env: SHOP_TOKEN}}}\n'))
    expect(await place.fails('E_PROVISION_SOURCE', 'up')).toMatchObject({ value: 'TOKEN' })
  })
})

describe('a step that takes too long', () => {
  it('is stopped with all it started, and is not done', async () => {
    place.write(
      manifest(
        '  - {name: slow, timeout: 2s, shell: "sleep 4711 & echo waiting; sleep 4712"}\n',
        note('after'),
      ),
    )
    expect(await place.fails('E_PROVISION_TIMEOUT', 'provision')).toMatchObject({
      exitCode: 1,
      value: 'slow',
      place: { line: 7 },
      message: expect.stringContaining('2 s'),
    })
    expect(recorded()).not.toContain('slow')
    expect(await inGuest('ps | grep "[s]leep 471" || echo none')).toBe('none\n')
    expect(await ran()).toEqual([])
  })
})

describe('provision that is killed in a step', () => {
  it('leaves it running, and the next command ends that first', async () => {
    place.write(manifest('  - {name: long, shell: "sleep 4713 & sleep 4714"}\n'))
    const killed = place.start('provision')
    await vi.waitFor(async () => expect(await inGuest('ps')).toContain('sleep 4714'), 60_000)
    killed.kill('SIGKILL')
    expect(recorded()).not.toContain('long')
    place.write(manifest('  - {name: long, shell: "ps | grep [s]leep\\ 471 || echo alone"}\n'))
    const { code, stderr } = await place.run('provision')
    expect(code).toBe(0)
    expect(stderr).toContain('provision step long, left running by a command that was killed, was stopped')
    expect(stderr).toContain(' default | alone\n')
  })
})

describe('a step that restarts the guest, or is to be followed by a restart (takes 60 s)', () => {
  it('is done when the guest is there again, and the next one runs in it', async () => {
    place.write(
      manifest(
        note('install', 'changed', '; cat /proc/sys/kernel/random/boot_id >> /root/ran; reboot'),
        note('later'),
        `  - {name: told, reboot: true, shell: "echo told >> /root/ran; cat /proc/sys/kernel/random/boot_id >> /root/ran"}\n`,
        note('last', 'changed', '; cat /proc/sys/kernel/random/boot_id >> /root/ran'),
      ),
    )
    await ran() // what earlier steps left
    expect(results(await place.json<Steps>('provision'))).toEqual([
      'install ran',
      'later ran',
      'told ran',
      'last ran',
    ])
    const [install, first, later, told, second, last, third] = await ran()
    expect([install, later, told, last]).toEqual(['install', 'later', 'told', 'last'])
    expect(new Set([first, second, third]).size).toBe(3)
    expect(third).toBe((await inGuest('cat /proc/sys/kernel/random/boot_id')).trim())
  })
})

describe('hooks', () => {
  const log = () => readFileSync(join(place.dir, 'hooks.log'), 'utf8').split('\n').filter(Boolean)
  const told = (name: string) => `echo "${name} $POSADA_MACHINE $POSADA_HOOK $FROM" >> hooks.log`
  const hooks = (more = '') => `hooks:
  before:
    up: ${told('one')}
    halt: {run: "echo halting >> /root/ran; sync; cp /root/ran /etc/halted", in: guest}
    destroy: [{run: id, in: guest}, '${told('gone')}']
    provision: exit 3
  after:
    up: ['${told('two')}', {run: "echo $POSADA_HOOK >> /root/ran", in: guest}${more}]
    halt: ['exit 4', '${told('off')}']
`
  const hooked = (more?: string) =>
    manifest(note('one')).replace('provision:\n', `${hooks(more)}provision:\n`)

  it('run before and after up, on the host once that was agreed to, and in the guest', async () => {
    place.write(hooked())
    await place.fails('E_UNTRUSTED', 'up')
    await place.json('up', '--yes')
    expect(log()).toEqual(['one default before-up the machine', 'two default after-up the machine'])
    expect((await ran()).slice(-1)).toEqual(['after-up'])
  })

  it('that fail or hang end the command, with what they wrote', async () => {
    const failure = await place.fails('E_HOOK', 'provision', '--yes')
    expect(failure).toMatchObject({ message: 'the hook "exit 3" failed with exit code 3', value: 'exit 3' })
    place.write(hooked(', {run: "echo begun; sleep 4720 & sleep 4721", timeout: 2s}'))
    expect(await place.fails('E_HOOK', 'up', '--yes')).toMatchObject({
      message: expect.stringContaining('took longer than its timeout of 2 s'),
    })
    expect(place.processes(/sleep 472/)).toEqual([])
  })

  it('are only reported around halt', async () => {
    const { code, stderr } = await place.run('halt')
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('"exit 4" failed') })
    expect(log().slice(-1)).toEqual(['off default after-halt the machine'])
  })
})

describe('a machine that does not run', () => {
  it('cannot be provisioned', async () => {
    await place.json('halt', '--force')
    expect(await place.fails('E_NOT_RUNNING', 'provision')).toMatchObject({ machine: 'default' })
    await place.json('destroy', '--yes')
    expect(readFileSync(join(place.dir, 'hooks.log'), 'utf8')).toMatch(
      /\ngone default before-destroy the machine\n$/,
    )
    expect(await place.fails('E_NOT_CREATED', 'provision')).toMatchObject({ machine: 'default' })
    expect(await place.json('destroy', '--yes')).toMatchObject({ machines: [{ destroyed: false }] })
  })
})
