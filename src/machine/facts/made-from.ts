import type { StoredBox } from '../../box/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { BoxSupply } from '../project.ts'

/** What the disks of a machine lie on: its box, or a layer of that. E_BOX_MISSING, E_BOX_CORRUPT. */
export function madeFrom(
  { boxes, layers }: Pick<BoxSupply, 'boxes' | 'layers'>,
  { box, layer }: Pick<MachineState, 'box' | 'layer'>,
): Promise<StoredBox> {
  return layer === undefined ? boxes.byDigest(box) : layers.byDigest({ ...box, digest: layer })
}
