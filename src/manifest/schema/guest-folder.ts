import { posix } from 'node:path'
import { limits } from '../limits.ts'
import { type Read, scalar } from './scalars.ts'

/** Folders of the guest's kernel. */
const ofKernel = /^\/(?:proc|sys|dev)(?:\/|$)/

/** An absolute path of a folder in the guest, normal and not `/`. */
export const guestFolder = scalar<string>({
  label: 'path',
  expected: 'an absolute path of a folder in the guest',
  read: readTarget,
  json: { type: 'string', pattern: '^/[\\s\\S]*[^/]' },
})

/** Without slashes at its end and without `.`; one with `..` does not say where it leads. */
function readTarget(given: string): Read<string> {
  if (given.length > limits.pathLength)
    return { problem: `got ${given.length} characters`, hint: `at most ${limits.pathLength} are allowed` }
  if (given.startsWith('~')) return { hint: "'~' is not expanded; write the path out: /home/USER/…" }
  if (!given.startsWith('/')) return { hint: `did you mean '/${given}'?` }
  if (given.split('/').includes('..')) return { hint: "write the path without '..'" }
  const path = posix.normalize(given).replace(/^\/+/, '/').replace(/\/$/, '')
  if (path === '') return { hint: 'name a folder of its own, such as /srv/app' }
  if (ofKernel.test(path))
    return { hint: "/proc, /sys and /dev are the guest's kernel's; name another folder" }
  return { value: path }
}
