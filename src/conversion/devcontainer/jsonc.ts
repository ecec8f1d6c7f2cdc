/**
 * JSON with comments as JSON of the same length, so that places stay: comments, tabs and commas before a closing
 * bracket become blanks. Source: code.visualstudio.com, "JSON with comments".
 */
export function withoutComments(text: string): string {
  const json = blanked(text, /"(?:[^"\\\n]|\\.)*"?|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\t/g)
  return blanked(json, /"(?:[^"\\\n]|\\.)*"?|,(?=\s*[\]}])/g)
}

/** Everything that is found becomes blanks, but for strings. */
function blanked(text: string, pattern: RegExp): string {
  return text.replace(pattern, (part) => (part.startsWith('"') ? part : part.replace(/[^\n]/g, ' ')))
}
