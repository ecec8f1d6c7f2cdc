import type { Snapshot } from '../../project/index.ts'

/** What the tree of a machine's snapshots is made of. */
export type Node = Pick<Snapshot, 'id' | 'parent'>

/** The nodes with how deep each lies, every one after its parent, in the order given otherwise. Pure. */
export function inTree<N extends Node>(nodes: readonly N[]): { node: N; depth: number }[] {
  const ids = new Set(nodes.map(({ id }) => id))
  const placed = new Set<string>()
  const listed: { node: N; depth: number }[] = []
  const place = (node: N, depth: number) => {
    if (placed.has(node.id)) return
    placed.add(node.id)
    listed.push({ node, depth })
    for (const child of nodes) if (child.parent === node.id) place(child, depth + 1)
  }
  for (const node of nodes) if (node.parent === null || !ids.has(node.parent)) place(node, 0)
  // Parents in a circle are of no use; what they are of is.
  for (const node of nodes) place(node, 0)
  return listed
}

/** What lay on a snapshot that goes lies on what that lay on. Returns those that change. Pure. */
export function withoutNode<N extends Node>(nodes: readonly N[], gone: Node): N[] {
  return nodes
    .filter(({ parent, id }) => parent === gone.id && id !== gone.id)
    .map((node) => ({ ...node, parent: gone.parent }))
}
