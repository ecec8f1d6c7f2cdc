import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { userPaths } from '../../src/project/user-paths.ts'
import { findVirtiofsd, mountFlaw } from '../../src/provider-kit/index.ts'

const packages = ['virtiofsd', 'libc6', 'libcap-ng0', 'libgcc-s1', 'libseccomp2']
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * A PATH by which a virtiofsd is found that works here: the host's own, or Debian 13's with the libraries that it wants, kept
 * for the next time. Null where there is neither.
 */
export async function pathWithVirtiofsd(): Promise<string | null> {
  const path = process.env.PATH ?? ''
  const own = findVirtiofsd()
  if (own !== null && (await mountFlaw()) === null) return `${path}:${dirname(own)}`
  const kept = join(userPaths().cache, 'test-data', 'virtiofsd')
  if (!existsSync(kept) && !unpacked(kept)) return null
  return `${kept}:${path}`
}

function unpacked(kept: string): boolean {
  if (process.arch !== 'x64' || !existsSync(keyring)) return false
  mkdirSync(dirname(kept), { recursive: true })
  const work = mkdtempSync(`${kept}-`)
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: work, encoding: 'utf8', timeout: 120_000, stdio: 'pipe' })
  try {
    for (const folder of ['lists/partial', 'archives/partial'])
      mkdirSync(join(work, folder), { recursive: true })
    const source = `deb [signed-by=${keyring}] http://deb.debian.org/debian trixie main\n`
    writeFileSync(join(work, 'sources.list'), source)
    const settings = [
      ...[`Dir::Etc::sourcelist=${work}/sources.list`, 'Dir::Etc::sourceparts=/dev/null'],
      ...[`Dir::State::lists=${work}/lists`, `Dir::Cache=${work}`, `APT::Sandbox::User=root`],
      ...['Acquire::Languages=none', 'Debug::NoLocking=1'],
    ].flatMap((setting) => ['-o', setting])
    run('apt-get', ...settings, 'update')
    run('apt-get', ...settings, 'download', ...packages)
    run('sh', '-c', 'for package in *.deb; do dpkg-deb -x "$package" root || exit 1; done')
    rmSync(join(work, 'lists'), { recursive: true })
    run('sh', '-c', 'rm -rf -- *.deb *.bin archives')
    const libraries = '$here/root/usr/lib/x86_64-linux-gnu'
    writeFileSync(
      join(work, 'virtiofsd'),
      `#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nexec "${libraries}/ld-linux-x86-64.so.2" --library-path "${libraries}" "$here/root/usr/libexec/virtiofsd" "$@"\n`,
      { mode: 0o755 },
    )
    run(join(work, 'virtiofsd'), '--version')
    renameSync(work, kept)
    return true
  } catch (error) {
    process.stderr.write(`no virtiofsd for tests: ${error instanceof Error ? error.message : error}\n`)
    return existsSync(kept)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
