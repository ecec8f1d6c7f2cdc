import { expect, it } from 'vitest'
import { onlyInOne } from '../../../../src/machine/snapshot/diff.ts'
import { recordChanges } from '../../../../src/machine/snapshot/record-changes.ts'
import { aMachine, aState } from '../../../helpers/model.ts'

it.each([
  ['now, on a snapshot', ['a', 'base'], ['now', 'a', 'base'], ['now']],
  ['now, two later', ['a'], ['now', 'b', 'a'], ['now', 'b']],
  ['two that came after one', ['b', 'a'], ['c', 'a'], ['b', 'c']],
  ['an earlier one', ['b', 'a'], ['a'], ['b']],
  ['the same', ['a'], ['a'], []],
])('the layers between one and %s', (_, from, to, expected) => {
  expect(onlyInOne(from, to)).toEqual(expected)
})

it('tells what of a machine has another value, came, or went', () => {
  const then = aState(aMachine(), {
    provision: {
      same: { digest: 'x', at: '2026-01-01T00:00:00.000Z' },
      again: { digest: 'x', at: '2026-01-01T00:00:00.000Z' },
      gone: { digest: 'x', at: '2026-01-01T00:00:00.000Z' },
    },
  })
  expect(recordChanges(then, then)).toEqual([])
  const { same } = then.provision
  const now = {
    ...then,
    box: { ...then.box, version: '2.0', digest: 'f'.repeat(64) },
    spec: { ...then.spec, cpus: then.spec.cpus + 1, nics: [] },
    provision: {
      ...(same === undefined ? {} : { same }),
      again: { digest: 'x', at: '2026-01-02T00:00:00.000Z' },
      came: { digest: 'y', at: '2026-01-02T00:00:00.000Z' },
    },
  }
  const at = (day: number) => `run at 2026-01-0${day} 00:00:00`
  expect(recordChanges(then, now)).toEqual([
    { what: 'box', from: `${then.box.name} ${then.box.version}`, to: `${then.box.name} 2.0` },
    { what: 'cpus', from: String(then.spec.cpus), to: String(then.spec.cpus + 1) },
    { what: 'step again', from: at(1), to: at(2) },
    { what: 'step gone', from: at(1), to: null },
    { what: 'step came', from: null, to: at(2) },
  ])
})
