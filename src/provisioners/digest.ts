import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** SHA-256 in hexadecimal of plain data; keys in the order given. */
export function digestOfData(data: unknown): string {
  return createHash('sha256').update(JSON.stringify(data)).digest('hex')
}

/** SHA-256 in hexadecimal of a file's content. */
export async function digestOfFile(path: string | Buffer): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
