import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkName, unknownSnapshot } from '../../../../src/machine/snapshot/names.ts'
import { inTree, type Node, withoutNode } from '../../../../src/machine/snapshot/tree.ts'

const node = (id: string, parent: string | null = null): Node => ({ id, parent })
const shown = (nodes: readonly Node[]) => inTree(nodes).map(({ node: { id }, depth }) => `${depth}${id}`)

describe('a tree of snapshots', () => {
  it('has each after the one that it came after', () => {
    expect(shown([node('a'), node('b', 'a'), node('c', 'a'), node('d', 'b'), node('e')])).toEqual([
      ...['0a', '1b', '2d', '1c', '0e'],
    ])
  })

  it('begins with one whose parent is not there, and takes a circle as it comes', () => {
    expect(shown([node('b', 'gone'), node('c', 'b')])).toEqual(['0b', '1c'])
    expect(shown([node('a', 'b'), node('b', 'a')])).toEqual(['0a', '1b'])
  })

  it('closes where one is taken away', () => {
    const nodes = [node('a'), node('b', 'a'), node('c', 'b'), node('d', 'b'), node('e', 'c')]
    expect(withoutNode(nodes, node('b', 'a'))).toEqual([node('c', 'a'), node('d', 'a')])
    expect(withoutNode(nodes, node('e', 'c'))).toEqual([])
  })

  it('shows each once, whatever the parents are', () => {
    const ids = ['a', 'b', 'c', 'd', 'e']
    const parents = fc.array(fc.constantFrom(null, ...ids, 'gone'), { minLength: 5, maxLength: 5 })
    const property = fc.property(parents, (drawn) => {
      const nodes = ids.map((id, index) => node(id, drawn[index] ?? null))
      expect(
        inTree(nodes)
          .map((each) => each.node.id)
          .sort(),
      ).toEqual(ids)
    })
    fc.assert(property)
  })
})

describe('the name of a snapshot', () => {
  it.each(['clean', '20260102-030405', 'v1.2_x', 'A'])('may be %s', (name) => {
    expect(() => checkName(name)).not.toThrow()
  })

  it.each(['', '-x', '.x', 'a/b', '..', 'a b', 'x'.repeat(64), 'a\n'])('may not be %j', (name) => {
    expect(() => checkName(name)).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
  })

  it('is suggested where another was meant', () => {
    expect(unknownSnapshot('claen', ['clean'], 'web')).toMatchObject({
      code: 'E_SNAPSHOT_UNKNOWN',
      message: 'machine web has no snapshot claen',
      hint: 'did you mean clean?',
    })
    expect(unknownSnapshot('x', [])).toMatchObject({ message: 'no machine has a snapshot x' })
  })
})
