import type { DiskBase, MachineSpec } from '../../provider/index.ts'

/** A machine, as far as the other host has to know which one is meant. */
export interface SentMachine {
  id: string
  uuid: string
}

/** A spec for another host: in place of paths stand digests of files (`sha256:…`), and names of the machine's own. */
export type SentSpec = Omit<MachineSpec, 'files' | 'shares'>

/** Every file of this host that a machine is made from; see `withPaths`. Pure. */
export function filesOf({ boot, disks, media = [] }: SentSpec): string[] {
  const below = (base: DiskBase | undefined): string[] =>
    base === undefined ? [] : [base.path, ...below(base.base)]
  const kernel =
    boot.kind === 'kernel' ? [boot.kernel, ...(boot.initrd === undefined ? [] : [boot.initrd])] : []
  return [
    ...new Set([...kernel, ...disks.flatMap(({ base }) => below(base)), ...media.map(({ path }) => path)]),
  ]
}

/** The same spec with other paths: of what it is made from, and of its own disks. Pure. */
export function withPaths<Spec extends SentSpec>(
  spec: Spec,
  { file, disk }: { file: (path: string) => string; disk: (name: string) => string },
): Spec {
  const { boot, disks, media } = spec
  const onto = ({ path, format, base }: DiskBase): DiskBase => ({
    path: file(path),
    format,
    ...(base === undefined ? {} : { base: onto(base) }),
  })
  return {
    ...spec,
    boot:
      boot.kind !== 'kernel'
        ? boot
        : {
            ...{ ...boot, kernel: file(boot.kernel) },
            ...(boot.initrd === undefined ? {} : { initrd: file(boot.initrd) }),
          },
    disks: disks.map((one) => ({
      ...{ ...one, path: disk(one.name) },
      ...(one.base === undefined ? {} : { base: onto(one.base) }),
    })),
    ...(media === undefined ? {} : { media: media.map((one) => ({ ...one, path: file(one.path) })) }),
  }
}
