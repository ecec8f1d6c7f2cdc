import type { WrittenMachine } from './checked.ts'
import type { Report } from './problems.ts'
import type { MapNode, Node } from './source/node.ts'

/** Keys that take a login, and the kinds of probes and hooks that do. */
const keys = ['provision', 'sync', 'cloud_init']
const probes = ['tcp', 'http', 'shell']

/** A guest that is not logged in to cannot be asked for what takes a login. */
export function checkGuest({ values, node }: WrittenMachine, report: Report): void {
  if (values.guest !== 'other') return
  const refuse = (owner: MapNode, key: string, what = `'${key}'`) => {
    const written = owner.entries.get(key)
    if (written === undefined || isEmpty(written.value)) return
    report({
      code: 'E_VALUE_INVALID',
      message: `${what} takes a guest that Posada logs in to, which 'guest: other' is not`,
      span: written.keySpan,
      value: key,
      hint: 'leave it out; for a Linux that runs an SSH server leave out guest: other',
    })
  }
  for (const key of keys) refuse(node, key)
  if (values.ports?.auto === true) refuse(node, 'ports', "'ports: auto'")
  for (const { value, node: disk } of values.disks ?? [])
    if (disk.kind === 'map')
      refuse(disk, value.mount === undefined ? 'filesystem' : 'mount', 'a disk that is mounted or swapped to')
  for (const probe of values.ready ?? [])
    for (const key of probes) if (probe.node.kind === 'map') refuse(probe.node, key, `a probe by '${key}'`)
  for (const hooks of [values.hooks?.before, values.hooks?.after])
    for (const hook of Object.values(hooks ?? {}).flat())
      if (hook?.value.in === 'guest' && hook.node.kind === 'map')
        refuse(hook.node, 'in', "a hook 'in: guest'")
}

function isEmpty(node: Node): boolean {
  return node.kind === 'list' && node.items.length === 0
}
