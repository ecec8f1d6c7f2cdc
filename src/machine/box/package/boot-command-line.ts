/** What is the boot loader's, and what a provider gives by itself. */
const left = /^(BOOT_IMAGE|initrd|console|earlyprintk|earlycon|posada\.[a-z]+)=/

/**
 * The command line for starting a guest's kernel directly, from what the guest's `/proc/cmdline` says; null
 * where it names no root, or has what no box may have. Pure.
 */
export function bootCommandLine(text: string): string | null {
  const words = (text.trim().match(/(?:[^\s"]|"[^"]*")+/g) ?? []).filter((word) => !left.test(word))
  const line = words.join(' ')
  const isSound = /^[\x20-\x7e]{1,1500}$/.test(line) && words.some((word) => word.startsWith('root='))
  return isSound ? line : null
}
