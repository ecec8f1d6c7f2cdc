import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { Script } from 'node:vm'
import { isErrno } from '../files/errno.ts'
import { writeFileAtomic } from '../files/write-file.ts'
import { userId } from './user-id.ts'

/** A program of CommonJS in one file, run. */
export interface LoadedProgram<T> {
  readonly exports: T
  /** Whether it was compiled in an earlier process. */
  readonly compiled: boolean
  /** What has been compiled of it so far, as it is kept. */
  code(): Buffer
  /** Keeps what has been compiled of it so far for the next process; does nothing where that was done. */
  keep(): Promise<void>
}

/**
 * Runs a program with the code that an earlier process of this user has compiled of it, where `folder` has that:
 * compiling is a third of what a machine's process does from Node's start to the guest's, and of what a command does.
 * (Node 22 has module.enableCompileCache; Node 20 has not.) The folder may be emptied at any time; null: nothing is kept.
 * `import()` is not for such a program: Node forgets of kept code where it came from (importModule does it).
 */
export function loadProgram<T>(file: string, folder: string | null): LoadedProgram<T> {
  const place = folder === null ? null : placeOf(file, folder)
  const cachedData = place === null ? null : readKept(place)
  // As Node wraps modules (Node.js, Modules: CommonJS modules, "The module wrapper").
  const source = `(function (exports, require, module, __filename, __dirname) { ${readFileSync(file, 'utf8')}\n})`
  const script = new Script(source, { filename: file, ...(cachedData === null ? {} : { cachedData }) })
  const compiled = cachedData !== null && script.cachedDataRejected !== true
  const module = { exports: {} as T }
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file))
  const code = () => {
    const once = script.createCachedData()
    return Buffer.concat([once, once])
  }
  return {
    exports: module.exports,
    compiled,
    code,
    async keep() {
      if (compiled || place === null) return
      await writeFileAtomic(place, code(), { mode: 0o600 })
      await removeOthers(place, `${basename(file)}-`)
    },
  }
}

/** Where another process is to write the code of a program that it runs, which may write to no folder itself. */
export interface CodeToKeep {
  descriptor: number
  /** Keeps what was written, if anything was. */
  finish(): Promise<void>
}

/** Null where the code is kept already, or cannot be. */
export function codeToKeep(file: string, folder: string): CodeToKeep | null {
  const place = placeOf(file, folder)
  if (readKept(place) !== null) return null
  const temporary = `${place}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  try {
    mkdirSync(dirname(place), { recursive: true })
    const descriptor = openSync(temporary, 'wx', 0o600)
    return {
      descriptor,
      async finish() {
        const { size } = fstatSync(descriptor)
        closeSync(descriptor)
        if (size === 0) return await rm(temporary)
        renameSync(temporary, place)
        await removeOthers(place, `${basename(file)}-`)
      },
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT')) return null
    throw error
  }
}

/** Another file under the same name, or another Node, has another place. V8 looks at its own version and flags. */
function placeOf(file: string, folder: string): string {
  const { size, mtimeMs } = statSync(file)
  return join(folder, 'code', `${basename(file)}-${process.version}-${size}-${Math.round(mtimeMs)}`)
}

/**
 * Damaged code would crash V8, which looks at no more than its header, so it is kept twice. To compare the two takes a
 * fraction of a digest's time, for which Node would first have to load its cryptography.
 */
function readKept(place: string): Buffer | null {
  try {
    const { uid, mode } = statSync(place)
    if (uid !== userId() || (mode & 0o022) !== 0) return null
    const kept = readFileSync(place)
    const code = kept.subarray(0, kept.length / 2)
    return code.equals(kept.subarray(code.length)) ? code : null
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

async function removeOthers(place: string, prefix: string): Promise<void> {
  const folder = dirname(place)
  for (const name of await readdir(folder)) {
    if (name.startsWith(prefix) && name !== basename(place) && !name.endsWith('.tmp'))
      await rm(join(folder, name), { force: true })
  }
}
