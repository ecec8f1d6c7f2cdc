import { effectLegend, effectOf } from './effects.ts'
import { limits } from './limits.ts'
import { prose } from './reference-prose.ts'
import { ansibleFields } from './schema/ansible.ts'
import { boxFields } from './schema/box.ts'
import { conditionFields } from './schema/conditions.ts'
import { diskFields } from './schema/disk.ts'
import { fileFields } from './schema/file.ts'
import { hookFields } from './schema/hooks.ts'
import { machineFields } from './schema/machine.ts'
import { projectFields } from './schema/manifest-schema.ts'
import { attachmentFields, networkFields } from './schema/network.ts'
import type { Field, Fields } from './schema/object.ts'
import { portFields } from './schema/port.ts'
import { puppetFields } from './schema/puppet.ts'
import { ready } from './schema/ready.ts'
import { secretFields } from './schema/secret.ts'
import { shellFields } from './schema/shell.ts'
import { step } from './schema/step.ts'
import { syncFields } from './schema/sync.ts'

/** docs/manifest.md: every key with its kind of value, default and meaning, from the schema that also checks. */
export function manifestReference(): string {
  const sections = [
    prose.introduction,
    '## The file as a whole',
    table(projectFields),
    '## A machine',
    prose.machine,
    effectLegend(),
    machineTable(),
    '## A box',
    prose.box,
    table(boxFields),
    '## A port',
    prose.port,
    table(portFields),
    '## A network',
    prose.network,
    table(networkFields),
    '### `conditions`',
    prose.conditions,
    table(conditionFields),
    '### An item of `links`',
    prose.link,
    '### A network of a machine',
    prose.attachment,
    table(attachmentFields),
    '## A disk',
    prose.disk,
    table(diskFields),
    '## A provision step',
    prose.step,
    table(step.fields),
    '### `shell` as a mapping',
    prose.shell,
    table(shellFields),
    '### `sensitive`',
    prose.sensitive,
    table(secretFields),
    '### `file`',
    prose.file,
    table(fileFields),
    '### `ansible` as a mapping',
    prose.ansible,
    table(ansibleFields),
    '### `puppet` as a mapping',
    prose.puppet,
    table(puppetFields),
    '## Hooks',
    prose.hooks,
    table(hookFields),
    '## A synced folder',
    prose.sync,
    table(syncFields),
    '## A probe',
    prose.probe,
    table(ready.fields),
    prose.units,
    prose.variables,
    prose.bases,
    prose.merging,
    '## Limits',
    prose.limits,
    limitsList(),
  ]
  return `${sections.join('\n\n')}\n`
}

function table(fields: Fields): string {
  const rows = Object.entries(fields).map(([key, field]) => row(key, field))
  return ['| key | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

/** With what a change of each key means for machines that exist. */
function machineTable(): string {
  const rows = Object.entries(machineFields).map(([key, field]) => row(key, field, effectOf(key)))
  return ['| key | value | default | a change applies | meaning |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  )
}

function row(key: string, field: Field<unknown>, effect?: string): string {
  const fallback = field.default === undefined ? absence(field) : `\`${field.default}\``
  const example = field.examples?.[0]
  const shown = example === undefined ? '' : ` Example: \`${inline(example)}\``
  const cells = [
    `\`${key}\``,
    field.schema.label,
    fallback,
    ...(effect === undefined ? [] : [effect]),
    field.description + shown,
  ]
  return `| ${cells.map(cell).join(' | ')} |`
}

function absence(field: Field<unknown>): string {
  return field.required === true ? '**required**' : (field.absent ?? 'none')
}

/** A value in YAML's flow style. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, each]) => `${key}: ${inline(each)}`)
    return `{${entries.join(', ')}}`
  }
  return typeof value === 'string' && !/^([a-z][\w ./-]*|\d+[a-z]+)$/i.test(value)
    ? JSON.stringify(value)
    : String(value)
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function limitsList(): string {
  return [
    `- ${limits.fileSize / 1024 ** 2} MiB a file, for \`posada.yaml\`, the override, base manifests and \`.env\``,
    `- ${limits.bases} base manifests that extend each other`,
    `- ${limits.nodes} values, aliases written out; nesting of about ${limits.depth / 2} levels`,
    `- ${limits.machines} machines; for each, ${limits.steps} steps, ${limits.ports} ports and ${limits.variables} variables`,
    `- names of ${limits.nameLength} characters`,
  ].join('\n')
}
