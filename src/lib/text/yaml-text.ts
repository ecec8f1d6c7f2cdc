/**
 * Plain data as YAML that every parser reads alike, of YAML 1.1 (cloud-init's) as of 1.2: JSON in ASCII, a
 * key a line.
 */
export function yamlText(data: unknown): string {
  return `${toAscii(JSON.stringify(data, null, 1))}\n`
}

/** A text in double quotes. */
export function yamlQuoted(text: string): string {
  return toAscii(JSON.stringify(text))
}

/**
 * Characters that YAML 1.1 does not print, and all beyond ASCII, as its escapes. Beyond 16 bits that is one
 * escape, for a pair of surrogates would stay a pair. YAML 1.1, section 5.6.
 */
function toAscii(json: string): string {
  return json.replace(/[^\x20-\x7e\n]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    const digits = code.toString(16)
    return code > 0xffff ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`
  })
}
