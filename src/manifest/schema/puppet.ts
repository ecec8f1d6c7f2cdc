import { limits } from '../limits.ts'
import { either, mapOf } from './collections.ts'
import { object } from './object.ts'
import { hostPath } from './places.ts'
import { text } from './text.ts'
import type { Located, Schema } from './types.ts'

/** `puppet:` of a step as it is written. */
export interface PuppetManifest {
  manifest: string
  facts?: Map<string, Located<string>> | undefined
}

const factName = '[a-z][a-z0-9_]{0,99}'
const fact = text({
  expected: 'the name of a fact: a letter, then letters, digits and _, in lower case',
  pattern: factName,
})

const long = object({
  what: 'puppet',
  fields: {
    manifest: {
      schema: hostPath,
      description:
        'Path of the Puppet manifest on the host. It lies in a folder of its own, with `modules`, `hiera.yaml` and all else that it needs: changes there make the step due.',
      required: true,
      examples: ['ops/site.pp'],
    },
    facts: {
      schema: mapOf(text(), {
        max: limits.variables,
        of: 'facts',
        pattern: factName,
        keys: fact,
      }),
      description: 'Facts for the manifest, beside those of the guest; texts.',
      examples: [{ role: 'web' }],
    },
  },
})

export const puppetFields = long.fields

const short: Schema<PuppetManifest> = {
  ...hostPath,
  check: (node, context, owner) => {
    const manifest = hostPath.check(node, context, owner)
    return manifest === undefined ? undefined : { manifest }
  },
}

const mapping: Schema<PuppetManifest> = {
  ...long,
  check: (node, context, owner) => {
    const { manifest, ...rest } = long.check(node, context, owner) ?? {}
    return manifest === undefined ? undefined : { manifest, ...rest }
  },
}

/** `puppet:` of a step: the path of a manifest, or a mapping with more about it. */
export const puppet = either(short, mapping)
