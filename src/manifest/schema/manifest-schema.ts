import { boxNamePart } from '../../lib/values/box-names.ts'
import { limits } from '../limits.ts'
import { list, mapOf } from './collections.ts'
import { machine, machineFields } from './machine.ts'
import { network } from './network.ts'
import { notFetched } from './not-fetched.ts'
import { object } from './object.ts'
import { catalogue, hostPath, pathOrUrl } from './places.ts'
import { integer } from './scalars.ts'
import { name, text } from './text.ts'
import type { Definitions, JsonSchema } from './types.ts'

const boxName = `${boxNamePart}/${boxNamePart}`

/** The keys of the project as a whole. */
export const projectFields = {
  version: {
    schema: integer({
      min: 1,
      max: 1,
      hint: 'this version of Posada knows version 1; a later one may know others',
    }),
    description: 'Version of the format.',
    required: true,
    examples: [1],
  },
  name: {
    schema: name(),
    description: 'Name of the project.',
    absent: "the folder's name",
    examples: ['shop'],
  },
  host: {
    schema: notFetched(
      'host',
      text({
        expected: 'ssh://USER@SERVER',
        pattern:
          'ssh://(?:[A-Za-z_][A-Za-z0-9._-]*@)?(?:[A-Za-z0-9][A-Za-z0-9._-]*|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]{1,5})?',
        hint: () => 'write ssh://USER@SERVER, with :PORT where it is not 22',
      }),
      'which says where machines run',
    ),
    description:
      'Another host that new machines are made on, over SSH ([remote.md](remote.md)); best in `posada.override.yaml`. `POSADA_HOST` comes before it, and what `posada up` is told most.',
    absent: 'this computer',
    examples: ['ssh://ana@build.example.com'],
  },
  extends: {
    schema: pathOrUrl,
    description:
      'A manifest that this one builds on and is laid over: its path, or the URL to fetch it from, with its checksum behind it if you like. What came is kept in `posada.lock`.',
    examples: ['./platform/base.yaml'],
  },
  defaults: {
    schema: machine,
    description: 'Keys of a machine that all machines share; each is merged over them.',
  },
  networks: {
    schema: mapOf(network, {
      max: limits.networks,
      of: 'networks',
      keys: name(),
      pattern: '[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?',
    }),
    description: 'Private networks between machines, by name.',
    examples: [{ backend: { subnet: '10.40.0.0/24' } }],
  },
  machines: {
    schema: mapOf(machine, {
      max: limits.machines,
      of: 'machines',
      keys: name(),
      pattern: '[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?',
    }),
    description:
      'The machines, by name. Without it the file describes one machine, `default`, by the keys of a machine.',
    examples: [{ db: { box: 'debian/12' } }],
  },
  catalogues: {
    schema: list(catalogue, { max: 20, of: 'catalogues' }),
    description: 'Catalogues of boxes that are asked before the one that comes with Posada, in this order.',
    examples: [['https://boxes.example.com/catalogue.json']],
  },
  boxes: {
    schema: mapOf(hostPath, {
      max: 20,
      of: 'recipes',
      pattern: boxName,
      keys: text({ expected: 'the name of a box such as shop/base', pattern: boxName }),
    }),
    description:
      'Boxes that the project builds by itself: the name, and the folder of the recipe, which has the same name. `box:` with such a name builds it where the store has none of this recipe as it is now.',
    examples: [{ 'shop/base': './boxes/base' }],
  },
} as const

const { depends_on: _needsOthers, networks: _ofTheProject, ...fieldsOfOne } = machineFields

/** The keys of a machine that may stand at the top of the file; `networks` there are the project's, and it is on all. */
export const singleMachineFields = fieldsOfOne

const explain = (key: string) =>
  key === 'depends_on' ? "it needs several machines; describe them under 'machines:'" : undefined

/** posada.yaml with `machines:`. */
export const severalMachines = object({
  what: 'the manifest',
  fields: projectFields,
  explain: (key) =>
    Object.hasOwn(machineFields, key)
      ? `it is a key of a machine: put it under 'defaults:' or under a machine of 'machines:'`
      : undefined,
})

/** posada.yaml that describes one machine at its top. */
export const singleMachine = object({
  what: 'the manifest',
  fields: { ...projectFields, ...singleMachineFields },
  explain,
})

/** JSON Schema (draft-07, which editors' YAML servers take) of posada.yaml. */
export function manifestSchema(): object {
  const definitions: Definitions = new Map()
  // Editors use it for overrides and base manifests, too, which have no version; posada validate asks posada.yaml for it.
  const { required: _versionOfTheManifest, ...top } = singleMachine.json(definitions)
  const misplaced: JsonSchema = Object.fromEntries(
    Object.keys(singleMachineFields).map((key) => [key, false]),
  )
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'posada.yaml',
    description: 'The machines of a project, for the command posada.',
    ...top,
    if: { required: ['machines'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
    then: { properties: misplaced },
    definitions: Object.fromEntries(definitions),
  }
}
