import { closeSync, openSync } from 'node:fs'
import { isErrno } from '../../lib/files/errno.ts'
import { type CiService, ciService } from '../../lib/process/ci-service.ts'
import { findProgram } from '../../lib/process/find-program.ts'
import { debianNames, hostArch } from '../../lib/values/arch.ts'
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
const emulator = `qemu-system-${hostArch()}`
const emulatorPackage = debianNames[hostArch()].emulator
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
  const runner = service === null ? 'not a CI service that posada knows' : where[service]
  return [
    { name: 'ci:runner', status: 'ok', message: `runner: ${runner}` },
    kvmCheck(facts),
    program(facts, emulator, {
      gives: 'runs machines without KVM, slowly (TCG)',
      package: emulatorPackage,
    }),
    program(facts, 'passt', {
      gives: 'gives machines of the built-in hypervisor a network',
      package: 'passt',
    }),
    program(facts, 'mmdebstrap', {
      gives: `builds boxes${isRoot ? '' : ' as an ordinary user'}; boxes from a registry need no build`,
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
  if (kvm === 'usable') return { name, status: 'ok', message: '/dev/kvm exists, and this user can use it' }
  const [message, hint] =
    kvm === 'closed'
      ? ['permission denied on /dev/kvm', closedHint(service)]
      : ['/dev/kvm does not exist: machines are emulated', missingHint(service)]
  return { name, status: 'warn', message, hint }
}

function closedHint(service: CiService | null): string {
  if (service === 'gitlab')
    return `run this on the runner's host: ${udev}; with the Docker executor, also set devices = ["/dev/kvm"] under [runners.docker] in config.toml`
  return service === 'github'
    ? `run this in an earlier step: ${udev}`
    : `${udev}; or sudo usermod -aG kvm "$USER", then log in again`
}

function missingHint(service: CiService | null): string {
  if (service === 'github')
    return 'use a runner with KVM, such as ubuntu-latest; a job in a container needs options: --device /dev/kvm'
  if (service === 'gitlab')
    return 'use a runner whose host has KVM; with the Docker executor, set devices = ["/dev/kvm"] under [runners.docker] in config.toml'
  return 'use a runner on bare metal or with nested virtualization; a container needs --device /dev/kvm'
}

function program(facts: CiFacts, name: string, what: { gives: string; package: string }): Check {
  const check = `ci:${name.startsWith('qemu') ? 'tcg' : name}`
  if (facts.programs.has(name)) return { name: check, status: 'ok', message: `${name}: ${what.gives}` }
  return {
    name: check,
    status: 'warn',
    message: `${name} is missing; it ${what.gives}`,
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
