/** Processor architectures that guests may have, by the names that distributions and QEMU use. */
export const archs = ['x86_64', 'aarch64', 'riscv64', 'ppc64le', 's390x'] as const
export type Arch = (typeof archs)[number]

/** What Debian calls each in its packages, and the package of Debian 12 that has QEMU for it. */
export const debianNames = {
  x86_64: { arch: 'amd64', emulator: 'qemu-system-x86' },
  aarch64: { arch: 'arm64', emulator: 'qemu-system-arm' },
  riscv64: { arch: 'riscv64', emulator: 'qemu-system-misc' },
  ppc64le: { arch: 'ppc64el', emulator: 'qemu-system-ppc' },
  s390x: { arch: 's390x', emulator: 'qemu-system-misc' },
} as const satisfies Record<Arch, { arch: string; emulator: string }>

/** What Node, Debian, Go and Vagrant call them. */
export const archAliases = {
  amd64: 'x86_64',
  x64: 'x86_64',
  arm64: 'aarch64',
  ppc64: 'ppc64le',
  ppc64el: 'ppc64le',
} as const

/** The same for each architecture. */
export function ofEachArch<T>(value: T): Record<Arch, T> {
  return Object.fromEntries(archs.map((arch) => [arch, value])) as Record<Arch, T>
}

/** QEMU's program for its machines; there is one for both byte orders of POWER. */
export function emulatorOf(arch: Arch): string {
  return `qemu-system-${arch === 'ppc64le' ? 'ppc64' : arch}`
}

/** An architecture by its name or an alias; null: it is not one of these. */
export function archNamed(name: string): Arch | null {
  const alias = Object.entries(archAliases).find(([one]) => one === name)?.[1]
  return archs.find((one) => one === name) ?? alias ?? null
}

/** This computer's; `name` is Node's for it. */
export function hostArch(name: string = process.arch): Arch {
  return archNamed(name) ?? 'x86_64'
}
