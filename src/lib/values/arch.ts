/** Processor architectures that guests may have, by the names that distributions and QEMU use. */
export const archs = ['x86_64', 'aarch64'] as const
export type Arch = (typeof archs)[number]

/** What Debian calls each in its packages, and the package that has QEMU for it. */
export const debianNames = {
  x86_64: { arch: 'amd64', emulator: 'qemu-system-x86' },
  aarch64: { arch: 'arm64', emulator: 'qemu-system-arm' },
} as const satisfies Record<Arch, { arch: string; emulator: string }>

/** What Node, Debian, Go and Vagrant call them. */
export const archAliases = { amd64: 'x86_64', x64: 'x86_64', arm64: 'aarch64' } as const

/** An architecture by its name or an alias; null: it is not one of these. */
export function archNamed(name: string): Arch | null {
  const alias = Object.entries(archAliases).find(([one]) => one === name)?.[1]
  return archs.find((one) => one === name) ?? alias ?? null
}

/** This computer's; `name` is Node's for it. */
export function hostArch(name: string = process.arch): Arch {
  return archNamed(name) ?? 'x86_64'
}
