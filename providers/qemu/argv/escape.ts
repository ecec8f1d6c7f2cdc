/**
 * QEMU's `key=value,key=value` syntax: a comma inside a value is written twice, nothing else needs
 * escaping. Source: QEMU manual, "Parameter syntax" and util/keyval.c.
 */
function escapeValue(value: string): string {
  if (value.includes('\0')) throw new Error('a command line cannot hold a NUL')
  return value.replaceAll(',', ',,')
}

/** `escape('user', { id: 'net0', hostfwd: ['a', 'b'] })` → `user,id=net0,hostfwd=a,hostfwd=b`. */
export function option(
  kind: string,
  properties: Record<string, string | number | boolean | readonly string[] | undefined> = {},
): string {
  const pairs = Object.entries(properties).flatMap(([key, value]) =>
    [value ?? []].flat().map((single) => `${key}=${escapeValue(text(single))}`),
  )
  return [...(kind === '' ? [] : [kind]), ...pairs].join(',')
}

function text(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return String(value)
}
