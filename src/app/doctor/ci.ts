import { closeSync, openSync } from 'node:fs'
import { isErrno } from '../../lib/files/errno.ts'
import { type CiService, ciService } from '../../lib/process/ci-service.ts'
import { findProgram } from '../../lib/process/find-program.ts'
import type { Check } from './model.ts'

/** What there is of what a CI job's machines can use. */
export interface CiFacts {
  service: CiService | null
  /** `/dev/kvm`: usable, there and not open to this user, or not there. */
  kvm: 'usable' | 'closed' | 'missing'
  isRoot: boolean
  /** Which of these programs are found. */
  programs: ReadonlySet<string>
}

/** The emulator of the host's own architecture. */
const emulator = process.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64'
const emulatorPackage = process.arch === 'arm64' ? 'qemu-system-arm' : 'qemu-system-x86'
const programs = [emulator, 'passt', 'mmdebstrap']

export function ciFacts(env: NodeJS.ProcessEnv): CiFacts {
  const found = programs.filter((name) => findProgram(name, env.PATH) !== null)
  const isRoot = process.geteuid?.() === 0
  return { service: ciService(env), kvm: kvmDevice(), isRoot, programs: new Set(found) }
}

/** What a job of a CI service has to run machines with, and what to do for what is missing. Pure. */
export function checkCi(facts: CiFacts): Check[] {
  const { service, isRoot } = facts
  const where = { github: 'GitHub Actions', gitlab: 'GitLab CI' }
  const runner = service === null ? 'no CI service that is known: a plain runner' : where[service]
  return [
    { name: 'ci:runner', status: 'ok', message: `runner: ${runner}` },
    kvmCheck(facts),
    program(facts, emulator, {
      gives: 'emulation (TCG): machines run without KVM, slowly',
      package: emulatorPackage,
    }),
    program(facts, 'passt', {
      gives: 'the network of machines of the built-in hypervisor',
      package: 'passt',
    }),
    program(facts, 'mmdebstrap', {
      gives: `boxes can be built${isRoot ? '' : ' by an ordinary user'}; those of a registry need no build`,
      package: 'mmdebstrap',
    }),
  ]
}

/** systemd's udev sets the group and mode of /dev/kvm by rules; udev(7). */
const rule = 'KERNEL=="kvm", GROUP="kvm", MODE="0666", OPTIONS+="static_node=kvm"'
const udev = [
  `echo '${rule}' | sudo tee /etc/udev/rules.d/99-kvm.rules`,
  'sudo udevadm control --reload-rules',
  'sudo udevadm trigger --name-match=kvm',
].join(' && ')

function kvmCheck({ kvm, service }: CiFacts): Check {
  const name = 'ci:kvm'
  if (kvm === 'usable') return { name, status: 'ok', message: '/dev/kvm is there, and this user may use it' }
  const [message, hint] =
    kvm === 'closed'
      ? ['/dev/kvm is there, and this user may not use it', closedHint(service)]
      : ['/dev/kvm is not there: machines are emulated', missingHint(service)]
  return { name, status: 'warn', message, hint }
}

function closedHint(service: CiService | null): string {
  if (service === 'gitlab')
    return `on the runner's host: ${udev}; with the Docker executor also devices = ["/dev/kvm"] under [runners.docker] in config.toml`
  return service === 'github'
    ? `a step before: ${udev}`
    : `${udev}; or sudo usermod -aG kvm "$USER", then log in again`
}

function missingHint(service: CiService | null): string {
  if (service === 'github')
    return 'take a runner with KVM, such as ubuntu-latest; a job in a container: needs options: --device /dev/kvm'
  if (service === 'gitlab')
    return 'with the Docker executor: devices = ["/dev/kvm"] under [runners.docker] in config.toml of a runner whose host has KVM'
  return 'take a runner on hardware, or with nested virtualization; a container needs --device /dev/kvm'
}

function program(facts: CiFacts, name: string, what: { gives: string; package: string }): Check {
  const check = `ci:${name.startsWith('qemu') ? 'tcg' : name}`
  if (facts.programs.has(name)) return { name: check, status: 'ok', message: `${name}: ${what.gives}` }
  return {
    name: check,
    status: 'warn',
    message: `${name} is missing; with it: ${what.gives}`,
    hint: `${facts.isRoot ? '' : 'sudo '}apt-get install -y --no-install-recommends ${what.package}`,
    packages: [what.package],
  }
}

/** Opened, not only asked about: a container's rules for devices show nowhere else. */
function kvmDevice(): CiFacts['kvm'] {
  try {
    closeSync(openSync('/dev/kvm', 'r+'))
    return 'usable'
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM')) return 'closed'
    if (isErrno(error, 'ENOENT', 'ENXIO', 'ENODEV')) return 'missing'
    throw error
  }
}
