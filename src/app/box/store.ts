import type { BoxStore } from '../../box/index.ts'

/**
 * The box store at `dir`, loaded when something is first asked of it: most verbs look at machines
 * only, and what packs, unpacks and builds boxes takes long to load.
 */
export function lazyBoxStore(dir: string): BoxStore {
  let opened: Promise<BoxStore> | undefined
  const open = async () => {
    // In these words, behind which the build sees that nothing else of the room is needed (tools/through-doors.js).
    const { openBoxStore } = await import('../../box/index.ts')
    return openBoxStore(dir)
  }
  const store = () => {
    opened ??= open()
    return opened
  }
  return {
    dir,
    resolve: async (...args) => (await store()).resolve(...args),
    byDigest: async (...args) => (await store()).byDigest(...args),
    find: async (...args) => (await store()).find(...args),
    get: async (...args) => (await store()).get(...args),
    findBuilt: async (...args) => (await store()).findBuilt(...args),
    refOf: async (...args) => (await store()).refOf(...args),
    verify: async (...args) => (await store()).verify(...args),
    noteUser: async (...args) => (await store()).noteUser(...args),
    forgetUser: async (...args) => (await store()).forgetUser(...args),
    users: async (...args) => (await store()).users(...args),
    lastUse: async (...args) => (await store()).lastUse(...args),
    prune: async (...args) => (await store()).prune(...args),
    list: async (...args) => (await store()).list(...args),
    add: async (...args) => (await store()).add(...args),
    remove: async (...args) => (await store()).remove(...args),
  }
}
