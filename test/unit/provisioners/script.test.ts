import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ShellStep } from '../../../src/manifest/index.ts'
import { readScript } from '../../../src/provisioners/shell/script.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'

test('a script with Windows line endings is told, before the guest cannot find its interpreter', async () => {
  const folder = await temporaryFolder(onTestFinished)
  const path = join(folder, 'setup.sh')
  const step = { kind: 'shell', name: 'x', source: { path }, place: { file: 'f', line: 1, column: 1 } }
  const read = async (text: string) => {
    await writeFile(path, text)
    return (await readScript(step as unknown as ShellStep)).toString()
  }
  await expect(read('#!/bin/sh\r\necho hi\r\n')).rejects.toMatchObject({
    code: 'E_PROVISION_SOURCE',
    value: path,
    hint: expect.stringContaining(`sed -i 's/\\r$//' '${path}'`),
  })
  for (const text of ['#!/bin/sh\nprintf "a\r\n"\n', '\n', '', 'echo hi']) expect(await read(text)).toBe(text)
})
