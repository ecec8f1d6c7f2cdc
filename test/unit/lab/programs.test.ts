import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findProgram } from '../../../src/lib/process/find-program.ts'
import { labPrograms } from '../../lab/programs.ts'

it('the lab names the packages of the programs that a host lacks, and how to install them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posada-path-'))
  try {
    for (const name of ['node', 'bash', 'tar']) symlinkSync(findProgram(name) ?? '', join(folder, name))
    expect(() => labPrograms(folder)).toThrow(
      /needs qemu-system-x86_64, qemu-img, .*passt.* npm run test:lab .* apt-get install qemu-system-x86 qemu-utils passt openssh-client e2fsprogs$/,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
