import { expect, it } from 'vitest'
import { matrixCells, varied } from '../../../../src/machine/run/matrix.ts'
import type { Machine } from '../../../../src/manifest/index.ts'

it('is one cell without a matrix', () => {
  expect(matrixCells([])).toEqual([{ name: '', folder: '', values: {}, machine: {}, env: {} }])
})

it('has every combination, the last key varying first', () => {
  const cells = matrixCells(['box=debian/12,posada/tiny', 'NODE=20,22'])
  expect(cells.map(({ name }) => name)).toEqual([
    'box=debian/12 NODE=20',
    'box=debian/12 NODE=22',
    'box=posada/tiny NODE=20',
    'box=posada/tiny NODE=22',
  ])
  expect(cells[3]).toMatchObject({ machine: { box: 'posada/tiny' }, env: { NODE: '22' } })
})

it('takes a comma and an equals sign in a value', () => {
  expect(matrixCells(['ARGS=a\\,b=c,d']).map(({ env }) => env.ARGS)).toEqual(['a,b=c', 'd'])
})

it('parses processors and memory, and leaves the rest of the machine as it is', () => {
  const [cell] = matrixCells(['cpus=2', 'memory=0.5GiB', 'box=a/b'])
  expect(cell?.machine).toEqual({ cpus: 2, memory: 512 * 1024 ** 2, box: 'a/b' })
  const machine = { name: 'web', box: 'x', boxTerms: { checksum: 'sha256:1' }, cpus: 1, disk: 7 } as Machine
  expect(varied(machine, cell?.machine ?? {})).toMatchObject({
    ...{ name: 'web', box: 'a/b', cpus: 2, disk: 7 },
    boxTerms: { checksum: null },
  })
  expect(varied(machine, { cpus: 3 }).boxTerms).toEqual(machine.boxTerms)
  const moving = { ...machine, memoryMin: 2 ** 28 }
  expect(varied(moving, { memory: 2 ** 29 })).toMatchObject({ memory: 2 ** 29, memoryMin: null })
  expect(varied(moving, { cpus: 3 })).toMatchObject({ memoryMin: 2 ** 28 })
})

it('gives each cell a folder of its own', () => {
  const cells = matrixCells(['A=x/y,x y,../..,\n'])
  expect(cells.map(({ folder }) => folder)).toEqual(['A=x-y', 'A=x-y-2', 'A=..-..', 'A=-'])
})

it.each([
  [['cpus=0'], 'as in --matrix cpus=1,2'],
  [['memory=512'], 'did you mean 512MiB?'],
  [['memory=1MiB'], 'as in --matrix memory=512MiB,2GiB'],
  [['bx=a'], 'did you mean box?'],
  [['size=a'], 'box, cpus, memory, provider, or a variable in capitals'],
  [['box'], 'as in --matrix box=A,B'],
  [['box=a,,b'], 'as in --matrix box=A,B'],
  [['box=a,a'], 'leave one out'],
  [['A=1', 'A=2'], 'write all its values once: A=A,B'],
  [['A=1,2,3,4,5,6,7,8,9', 'B=1,2,3,4,5,6,7,8,9', 'C=1,2,3,4,5'], 'leave out some values'],
])('%j is refused', (axes, hint) => {
  expect(() => matrixCells(axes)).toThrow(expect.objectContaining({ code: 'E_USAGE', hint }))
})
