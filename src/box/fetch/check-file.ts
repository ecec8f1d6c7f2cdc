import { PosadaError } from '../../errors/index.ts'
import { hashOfFile } from '../../lib/files/hash-file.ts'
import { type Checksum, checksumText } from '../../lib/values/checksum.ts'

/** Holds a file of the user's against the checksum that the user gave for it. E_CHECKSUM, E_BOX_SOURCE for a folder. */
export async function checkFile(path: string, checksum: Checksum, isFolder: boolean): Promise<void> {
  if (isFolder)
    throw new PosadaError('E_BOX_SOURCE', `${path} is a folder; only files have checksums`, {
      value: path,
      hint: 'leave the checksum out; box.json in the folder has those of its files',
    })
  const { algorithm } = checksum
  const hex = await hashOfFile(path, algorithm)
  if (hex === checksum.hex) return
  throw new PosadaError('E_CHECKSUM', `${path} does not match its checksum`, {
    value: path,
    details: [`expected ${checksumText(checksum)}`, `got      ${algorithm}:${hex}`],
    hint: 'the file was changed, or the checksum belongs to another file',
  })
}
