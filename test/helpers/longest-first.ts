import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Files that take a minute and more, the longest first. Begun last, one of them would be alone at the end, with a
 * processor that has nothing to do. What later ones need, an image with a boot loader, the first one has made.
 */
const longest = [
  'integration/machine/cloud-image',
  'integration/box/recipe',
  'integration/machine/package',
  'lab/lean/tiny',
  'integration/machine/interrupted',
  'integration/box/vagrant',
  'integration/box/build',
  'integration/box/sources',
  'integration/network/machines',
  'integration/machine/stuck',
  'integration/machine/run',
  'integration/machine/run-matrix',
  'integration/machine/kills',
  'integration/machine/run-kills',
  'integration/machine/time-kills',
  'integration/machine/snapshots',
]

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return index === -1 ? longest.length : index
    }
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
  }
}
