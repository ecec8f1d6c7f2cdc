import module from 'node:module'
import { isAbsolute, join } from 'node:path'

/**
 * Keeps compiled code from run to run, in the user's own cache folder, where Node.js can (22.1 and later): a command then
 * starts with less work. Never in Node's standard place, a folder that all users share.
 */
export function keepCompiledCode(env) {
  const { XDG_CACHE_HOME = '', HOME = '' } = env
  const cache = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : isAbsolute(HOME) ? join(HOME, '.cache') : null
  if (cache !== null && module.enableCompileCache)
    module.enableCompileCache(join(cache, 'posada', 'compiled'))
}
