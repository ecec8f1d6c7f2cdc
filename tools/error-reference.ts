import { errorCodes } from '../src/errors/index.ts'

/** docs/errors.md: every code, what it means, the exit code it leads to. */
export function errorReference(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, { exit, means }]) => `| \`${code}\` | ${exit} | ${escaped(means)} |`,
  )
  return `# Errors

Every failure that a user can cause or meet has a code. It is shown in brackets behind the message and, with
\`--json\`, is in \`error.code\` ([json.md](json.md)). Codes are stable: scripts may test them. When
several problems are reported at once, each has its own code.

The exit code is 1 for what failed, 2 where the manifest or the command line is wrong, 130 after an
interruption. \`exec\` and \`ssh -- CMD\` end with the guest command's own, once it has run.

| code | exit | meaning |
|---|---|---|
${rows.join('\n')}
`
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}
