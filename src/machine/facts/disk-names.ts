/** What the disks of a box are called in its machines, in its order; `disks:` of the manifest has no such names. */
export function boxDiskName(index: number): string {
  return index === 0 ? 'root' : `disk-${index + 1}`
}

/** Whether a disk came with the box; any other is one of `disks:`. */
export function isBoxDisk({ name }: { name: string }): boolean {
  return name === 'root' || /^disk-\d+$/.test(name)
}
