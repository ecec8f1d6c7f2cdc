/** A relative path whose characters are bytes, as the bytes that the file system wants. */
export function bytesOf(path: string): Buffer {
  return Buffer.from(path, 'latin1')
}

/** The same for people, and for patterns. */
export function textOf(path: string): string {
  return bytesOf(path).toString('utf8')
}

/** What `textOf` made of a path, back again; paths that are not UTF-8 do not come back. */
export function pathOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** A relative path below a folder whose path is given as text. */
export function below(root: string, path: string): Buffer {
  return path === '' ? Buffer.from(root) : Buffer.concat([Buffer.from(`${root}/`), bytesOf(path)])
}

/** Whether a path that came from elsewhere is a relative one that stays below its root, as a file system would write it. */
export function isPlain(path: string): boolean {
  if (path.length === 0 || path.length > 4096 || path.includes('\0')) return false
  const parts = path.split('/')
  return (
    parts.length <= 256 &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= 255)
  )
}
