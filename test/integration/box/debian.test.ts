import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildRecipe, openBoxStore, type StoredBox } from '../../../src/box/index.ts'
import { userPaths } from '../../../src/project/user-paths.ts'
import { bootRaw, type RawBox } from '../../helpers/raw-box.ts'

// The user's own boxes, built where they are missing (1 to 3 minutes each); a boot of each (10 to 30 s).
describe.each([
  { release: '12', suite: 'bookworm' },
  { release: '13', suite: 'trixie' },
])('debian/$release', ({ release, suite }) => {
  let box: StoredBox
  let machine: RawBox
  beforeAll(async () => {
    const store = openBoxStore(userPaths().boxes)
    const { signal } = new AbortController()
    box = await buildRecipe({
      recipe: `debian/${release}`,
      store,
      arch: 'x86_64',
      emit: () => undefined,
      signal,
    })
    // QEMU 7.2 now and then runs code that the kernel of Debian 13 has just patched: docs/boxes.md.
    const cpus = release === '13' ? 1 : 2
    machine = await bootRaw(box, { cpus, diskSize: 24 * 1024 ** 3, append: 'posada.hostname=web-1' })
    await machine.ssh('echo kept >/tmp/early')
  }, 600_000)
  afterAll(() => machine.discard())
  const lines = async (command: string) => (await machine.ssh(command)).stdout.split('\n')

  it('holds nothing that two machines must not share', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'posada-debian-'))
    try {
      const raw = join(folder, 'root.raw')
      await execa('qemu-img', ['convert', '-O', 'raw', join(box.dir, 'root.qcow2'), raw])
      const debugfs = async (request: string) =>
        (await execa('/usr/sbin/debugfs', ['-R', request, raw])).stdout
      expect(await debugfs('cat /etc/machine-id')).toBe('')
      expect(await debugfs('ls -p /etc/ssh')).not.toMatch(/host_.*key/)
      expect(await debugfs('ls -p /var/lib/systemd')).not.toMatch(/random-seed|credential/)
      expect(await debugfs('ls -p /var/lib/dbus')).not.toMatch(/machine-id\/[1-9]/)
      expect(await debugfs('cat /etc/shadow')).not.toMatch(/^[^:]+:[^*!:]/m)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('took its name from the command line of the kernel', async () => {
    const [live, file, ...hosts] = await lines('hostname; cat /etc/hostname /etc/hosts')
    expect([live, file]).toEqual(['web-1', 'web-1'])
    expect(hosts.slice(0, 2)).toEqual(['127.0.0.1\tlocalhost', '127.0.1.1 web-1'])
  })

  it('lets the user be root without a password, and knows its own name', async () => {
    expect(await lines('sudo -n id -u; id -un; echo $LANG')).toEqual(['0', 'posada', 'C.UTF-8'])
    const renamed = 'sudo hostname other && echo other | sudo tee /etc/hostname && time sudo -n true 2>&1'
    expect((await machine.ssh(renamed)).code).toBe(0)
  })

  it('made its identity and one host key at the first boot', async () => {
    const [machineId, ...keys] = await lines('cat /etc/machine-id; ls /etc/ssh/*_key')
    expect(machineId).toMatch(/^[0-9a-f]{32}$/)
    expect(keys).toEqual(['/etc/ssh/ssh_host_ed25519_key'])
  })

  it('has grown its filesystem to the disk', async () => {
    const [size] = await lines('df --output=size -BG / | tail -1')
    expect(Number.parseInt(size ?? '', 10)).toBeGreaterThanOrEqual(23)
  })

  it('has what people and Ansible work with', async () => {
    const tools = ['git', 'vim', 'gpg', 'unzip', 'xz', 'curl', 'rsync', 'python3']
    expect(await lines(`command -v ${tools.join(' ')}`)).toEqual(tools.map((tool) => `/usr/bin/${tool}`))
    // What Ansible's modules do first, and a connection with a certificate.
    expect(await lines(`python3 -c "import apt, json, ssl; print(apt.Cache()['git'].is_installed)"`)).toEqual(
      ['True'],
    )
    expect(await lines('git init -q /tmp/x && git -C /tmp/x status -s; echo $?')).toEqual(['0'])
    expect(await lines('grep -c BEGIN /etc/ssl/certs/ca-certificates.crt')).not.toEqual(['0'])
  })

  it("has Debian's own sources, and no sign of the build", async () => {
    const text = (
      await lines('cat /etc/apt/sources.list; ls / /etc/apt/sources.list.d /etc/apt/apt.conf.d')
    ).join('\n')
    expect(text).toContain(`deb http://deb.debian.org/debian-security ${suite}-security main`)
    expect(text).not.toMatch(/posada-|mmdebstrap/)
  })

  it('goes on to a whole system in which nothing has failed', async () => {
    const deadline = Date.now() + 90_000
    let state = ''
    while (state !== 'running' && Date.now() < deadline) {
      state = (await lines('systemctl is-system-running')).join('')
      await sleep(500)
    }
    expect(state, (await lines('systemctl --failed --plain')).join('\n')).toBe('running')
    // What started late has left alone what was there before.
    expect(await lines('cat /tmp/early')).toEqual(['kept'])
    expect(await lines('systemctl is-active multi-user.target systemd-udevd.service')).toEqual([
      'active',
      'active',
    ])
    expect(await lines('ls /dev/virtio-ports; systemctl is-active qemu-guest-agent')).toEqual([
      'org.posada.ready.0',
      'org.qemu.guest_agent.0',
      'active',
    ])
  })

  it('shuts down on the power button, without waiting for D-Bus', async () => {
    const slow = '/run/systemd/system/dbus.service.d'
    await machine.ssh(`sudo mkdir -p ${slow} && printf '[Service]\\nExecStartPre=sleep 600\\n' | sudo tee ${slow}/slow.conf
      sudo systemctl daemon-reload && sudo systemctl stop dbus.service && sudo systemctl start dbus.socket`)
    expect(await machine.powerOff(60)).toBe(true)
  })
})
