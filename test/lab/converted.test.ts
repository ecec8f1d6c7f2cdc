import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { userPaths } from '../../src/project/user-paths.ts'
import { machinesPlace } from '../helpers/machines.ts'
import { boxFiles } from './box-files.ts'
import { nothingLeft, runPosada } from './posada-job.ts'

const recipe = join(import.meta.dirname, '..', 'fixtures', 'boxes', 'ordinary-12')
const box = 'test/lab-converted'

/** What `box package --with-kernel` makes of an ordinary image, which QEMU boots through BIOS and GRUB: a job's files. */
async function convertedBox(): Promise<Record<string, string>> {
  const place = machinesPlace('converted')
  place.env.XDG_DATA_HOME = join(userPaths().cache, 'test-data')
  onTestFinished(async () => {
    await place.run('box', 'remove', box)
    await place.cleanUp()
  })
  place.write(
    'version: 1\nmachines: {disk: {box: test/ordinary-12, provider: qemu, memory: 768MiB, cpus: 2}}\n',
  )
  const run = async (...args: string[]) => {
    const ended = await place.run(...args)
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
  }
  await run('box', 'build', recipe)
  await run('up')
  await run('halt')
  await run('box', 'package', 'disk', '--with-kernel', '--name', box, '--version', '1', '--force')
  return await boxFiles(box, place.env)
}

const manifest = `version: 1
name: lab
defaults: {provider: kvm, boot_timeout: 10m, memory: 768MiB}
machines:
  disk: {box: test/disk}
  direct: {box: ${box}, provision: [{shell: echo provisioned > /tmp/first}]}
`

// Builds the image (two minutes; kept in the cache folder) and boots it twice under QEMU: two minutes. An outer
// machine, and in it the box that was made of it: some 5 minutes.
it('boots a box that was converted to its kernel, and says of one that was not how that is done', async () => {
  const { output, exitCode } = await runPosada({
    boxes: [],
    manifest,
    files: await convertedBox(),
    script: `dd if=/dev/zero of=/tmp/disk.img bs=1M count=1
posada box add /tmp/disk.img --image raw --name test/disk --version 1 --user debian
if posada up disk; then exit 1; fi
posada up direct
posada exec direct -- sh -c 'cat /tmp/first /proc/cmdline; ls /sys/firmware; uname -r; ls /boot'
posada halt direct --json
posada destroy --yes
${nothingLeft}`,
    timeout: 700_000,
  })
  expect(exitCode, output.slice(-8000)).toBe(0)
  expect(output).toContain('provider kvm cannot boot a box by bios on this host [E_CAPABILITY]')
  expect(output).toContain('posada box package disk --with-kernel --name local/disk')
  expect(output).toMatch(
    /\nprovisioned\s+root=LABEL=root ro quiet .*\s+acpi\s[\s\S]*?\n(6\S+)\s[\s\S]*?\svmlinuz-\1\s/,
  )
  expect(output).toMatch(/"how": ?"graceful"/)
}, 1_200_000)
