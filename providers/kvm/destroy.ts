import { isUp, type MachineSpec } from '../../src/provider/index.ts'
import { removeWithLeftovers } from '../../src/provider-kit/index.ts'
import { kvmFiles } from './files.ts'
import { status } from './status.ts'

/** Takes the machine's files away; the record last, so that a destroy that was cut short is not forgotten. */
export async function destroy(spec: MachineSpec): Promise<void> {
  const found = await status(spec)
  if (isUp(found)) throw new Error(`destroy of ${spec.name}, which is ${found.state}`)
  const { record, ...files } = kvmFiles(spec)
  const { consoleLog, providerLog } = spec.files
  const logs = [consoleLog, `${consoleLog}.1`, providerLog, `${providerLog}.1`]
  for (const path of [...spec.disks.map((disk) => disk.path), ...Object.values(files), ...logs]) {
    await removeWithLeftovers(path)
  }
  await removeWithLeftovers(record)
}
