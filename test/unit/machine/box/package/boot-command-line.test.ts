import { describe, expect, it } from 'vitest'
import { bootCommandLine } from '../../../../../src/machine/box/package/boot-command-line.ts'

describe('bootCommandLine', () => {
  it.each([
    [
      'BOOT_IMAGE=/boot/vmlinuz-6.1.0-30-cloud-amd64 root=PARTUUID=aa-01 ro console=tty0 console=ttyS0,115200 earlyprintk=ttyS0,115200 consoleblank=0\n',
      'root=PARTUUID=aa-01 ro consoleblank=0',
    ],
    [
      'BOOT_IMAGE=(hd0,gpt3)/boot/vmlinuz-6.11 no_timer_check net.ifnames=0 root=UUID=1 rootflags=subvol=root',
      'no_timer_check net.ifnames=0 root=UUID=1 rootflags=subvol=root',
    ],
    [
      'root=LABEL=root dyndbg="file a.c +p; file b.c +p" ro',
      'root=LABEL=root dyndbg="file a.c +p; file b.c +p" ro',
    ],
    ['root=/dev/vda rw posada.hostname=web posada.ssh=vsock initrd=/boot/initrd', 'root=/dev/vda rw'],
  ])('leaves out what is the boot loader’s: %s', (text, line) => {
    expect(bootCommandLine(text)).toBe(line)
  })

  it.each([
    ['names no root', 'BOOT_IMAGE=/boot/vmlinuz ro quiet'],
    ['is empty', ''],
    ['has control characters', 'root=/dev/vda\u0007'],
    ['is too long', `root=/dev/vda ${'x'.repeat(1500)}`],
  ])('is none where it %s', (_, text) => {
    expect(bootCommandLine(text)).toBeNull()
  })
})
