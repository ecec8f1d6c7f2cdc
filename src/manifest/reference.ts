/** docs/manifest.md, from the schema. */
export function manifestReference(): string {
  return ''
}
