import { parseBoxSource } from '../../box/index.ts'
import { PosadaError, throwProblems, withContext } from '../../errors/index.ts'
import type { Manifest } from '../../manifest/index.ts'

/** Refuses boxes that are named in a way that leads nowhere: E_BOX_SOURCE, several as E_MANIFEST_INVALID. */
export function checkBoxSources({ machines, root, file }: Manifest): void {
  const problems: PosadaError[] = []
  for (const config of machines)
    try {
      parseBoxSource(config.box, root)
    } catch (error) {
      const placed = withContext(error, { place: config.place('box') })
      if (!(placed instanceof PosadaError)) throw placed
      problems.push(placed)
    }
  throwProblems(problems, {
    code: 'E_MANIFEST_INVALID',
    message: `the manifest has ${problems.length} problems with its boxes`,
    value: file,
  })
}
