import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

/** A new key for the first login to a box, in files in `folder`; the private half in OpenSSH's format. */
export async function makeLoginKey(
  folder: string,
  name: string,
): Promise<{ private: string; public: string }> {
  const key = join(folder, 'login.key')
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `${name} first login`, '-f', key], {
    stdin: 'ignore',
  })
  const read = async (path: string) => (await readFile(path, 'utf8')).trim()
  return { private: await readFile(key, 'utf8'), public: await read(`${key}.pub`) }
}
