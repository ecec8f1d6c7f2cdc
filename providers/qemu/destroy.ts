import { isUp, type MachineSpec } from '../../src/provider/index.ts'
import { removeWithLeftovers } from '../../src/provider-kit/index.ts'
import { qemuFiles } from './files.ts'
import { status } from './status.ts'

/** Takes the machine's files away; the record last, so that a destroy that was cut short is not forgotten. */
export async function destroy(spec: MachineSpec): Promise<void> {
  const found = await status(spec)
  if (isUp(found)) throw new Error(`destroy of ${spec.name}, which is ${found.state}`)
  const { record, ...files } = qemuFiles(spec)
  const { consoleLog, providerLog } = spec.files
  const logs = [consoleLog, `${consoleLog}.1`, providerLog, `${providerLog}.1`, `${files.events}.1`]
  const paths = [
    ...spec.disks.map((disk) => disk.path),
    ...Object.values(files),
    `${files.events}.in`,
    ...logs,
  ]
  for (const path of paths) await removeWithLeftovers(path)
  await removeWithLeftovers(record)
}
