import { realpathSync } from 'node:fs'
import { findProgram } from '../../src/lib/process/find-program.ts'

/** Programs of this host that the outer machine has too, and the package of Debian that each is in. */
const programs = {
  node: 'nodejs',
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  'qemu-io': 'qemu-utils',
  passt: 'passt',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  bash: 'bash',
  tar: 'tar',
  mke2fs: 'e2fsprogs',
  e2fsck: 'e2fsprogs',
} as const

/**
 * Where they are, links followed, by name.
 *
 * @throws Error that names the packages of those that are missing
 */
export function labPrograms(path?: string): Record<string, string> {
  const found = Object.keys(programs).map((name) => [name, findProgram(name, path)] as const)
  const missing = found.flatMap(([name, place]) => (place === null ? [name as keyof typeof programs] : []))
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((name) => programs[name]))].join(' ')
    throw new Error(
      `the lab needs ${missing.join(', ')}, which this host lacks: npm run test:lab installs them, or apt-get install ${packages}`,
    )
  }
  return Object.fromEntries(found.map(([name, place]) => [name, realpathSync(place ?? '')]))
}
