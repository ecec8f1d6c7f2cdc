/** What the tests of the documents look at in one file. */
export interface MarkdownFile {
  /** Targets of links, as written. */
  links: string[]
  /** What `#…` may lead to. */
  anchors: Set<string>
  /** Inline code. */
  spans: string[]
  /** Fenced blocks, and indented ones with the language ''. */
  blocks: { language: string; text: string }[]
}

/** Reads the Markdown that this project writes: fences of three backticks, headings with `#`. */
export function readMarkdown(source: string): MarkdownFile {
  const blocks: MarkdownFile['blocks'] = []
  const prose = source
    .replaceAll(/^```(\w*)\n([\s\S]*?)^```$/gm, (_, language: string, text: string) => {
      blocks.push({ language, text })
      return ''
    })
    .replaceAll(/(?<=\n\n)(?: {4}.*\n)+/g, (text) => {
      blocks.push({ language: '', text: text.replaceAll(/^ {4}/gm, '') })
      return ''
    })
  const withoutCode = prose.replaceAll(/`[^`]*`/g, '')
  return {
    links: [...withoutCode.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? ''),
    anchors: anchorsOf(prose),
    spans: [...prose.matchAll(/`([^`]+)`/g)].map((match) => (match[1] ?? '').replaceAll(/\s+/g, ' ')),
    blocks,
  }
}

/** As GitHub makes them: lower case, no punctuation, spaces as hyphens, a number behind a repeated one. */
function anchorsOf(prose: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of prose.matchAll(/^#{1,6} (.+)$/gm)) {
    const text = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    const slug = text.trim().replaceAll(' ', '-')
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  return anchors
}
