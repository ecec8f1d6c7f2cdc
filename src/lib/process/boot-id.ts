import { readTextIfThere } from '../files/write-file.ts'

/** Changes with each start of the host; empty on systems without it. Source: random(4). */
export async function hostBootId(): Promise<string> {
  return (await readTextIfThere('/proc/sys/kernel/random/boot_id'))?.trim() ?? ''
}
