import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { readUserData, type UserData, userDataLimit } from '../../cloud-init/index.ts'
import { isPosadaError, PosadaError, type PosadaErrorOptions } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import type { Machine } from '../../manifest/index.ts'

/** What the manifest has for a machine's cloud-init; null: nothing. E_USER_DATA says where and why it will not do. */
export async function userDataOf(config: Machine): Promise<UserData | null> {
  const { cloudInit } = config
  if (cloudInit === null) return null
  const read = readUserData('inline' in cloudInit ? cloudInit.inline : await textOf(cloudInit.path, config))
  if (!('problem' in read)) return read
  const what = 'inline' in cloudInit ? 'cloud_init' : cloudInit.path
  throw wrong(config, `${what} is not valid user-data: ${read.problem}`, { value: what, hint: read.hint })
}

/** What a machine's state remembers it by; undefined where it cannot be read now. */
export async function userDataDigest(config: Machine): Promise<string | null | undefined> {
  try {
    return digestOf(await userDataOf(config))
  } catch (error) {
    if (isPosadaError(error, 'E_USER_DATA')) return undefined
    throw error
  }
}

export function digestOf(userData: UserData | null): string | null {
  return userData === null ? null : createHash('sha256').update(userData.text).digest('hex')
}

async function textOf(path: string, config: Machine): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > userDataLimit)
      throw wrong(config, `${path} is too large (${size} bytes)`, {
        value: path,
        hint: 'user-data may have 1 MiB',
      })
    return await readFile(path, 'utf8')
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR')) throw error
    const hint = 'give the path of a file, relative to the manifest, or write the user-data here'
    throw wrong(config, `${path} cannot be read`, { value: path, hint, cause: error })
  }
}

function wrong(
  config: Machine,
  message: string,
  options: Pick<PosadaErrorOptions, 'value' | 'hint' | 'cause'>,
): PosadaError {
  return new PosadaError('E_USER_DATA', message, {
    ...options,
    place: config.place('cloud_init'),
    machine: config.name,
  })
}
