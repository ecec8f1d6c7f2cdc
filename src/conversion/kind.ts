import { basename } from 'node:path'
import { PosadaError } from '../errors/index.ts'

/** Whose file it is. */
export type Kind = 'vagrant' | 'devcontainer' | 'lima' | 'compose' | 'cloud-config'

interface Mark {
  kind: Kind
  /** What users know it by. */
  shown: string
  /** Of the file's name without its folder. */
  name: RegExp
  /** Of its text, where the name does not tell. */
  text: RegExp
}

/** In this order: a name tells more than the text, and a first line more than a key. */
const marks: readonly Mark[] = [
  {
    kind: 'vagrant',
    shown: 'Vagrantfile',
    name: /^Vagrantfile(?:[.-][\w.-]+)?$/i,
    text: /^\s*Vagrant(?:\.configure|::Config\.run)\b/m,
  },
  {
    kind: 'devcontainer',
    shown: 'devcontainer.json',
    name: /^\.?devcontainer\.json$/i,
    text: /^\s*(?:\/[/*]|\{)[\s\S]*"(?:postCreateCommand|forwardPorts|customizations|features|remoteUser|containerEnv)"\s*:/,
  },
  {
    kind: 'cloud-config',
    shown: 'cloud-config',
    name: /^(?:cloud-config|cloud-init|user-data)(?:\.ya?ml)?$/i,
    text: /^#cloud-config(?:\s|$)/,
  },
  {
    kind: 'compose',
    shown: 'compose.yaml',
    name: /^(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml$/i,
    text: /^services:/m,
  },
  {
    kind: 'lima',
    shown: 'lima.yaml',
    name: /^lima\.ya?ml$/i,
    text: /^(?:images:[\s\S]*^(?:vmType|cpus|memory|disk|mounts|provision|containerd|portForwards|minimumLimaVersion):|(?:vmType|minimumLimaVersion|cpus|memory|disk|mounts|provision|containerd|portForwards):[\s\S]*^images:)/m,
  },
]

/** What kind of file it is, by its name or else by what it holds; E_CONVERSION says what is understood. */
export function kindOf({ name, text }: { name: string; text: string }): Kind {
  const base = basename(name)
  const found = marks.find((mark) => mark.name.test(base)) ?? marks.find((mark) => mark.text.test(text))
  if (found !== undefined) return found.kind
  throw new PosadaError('E_CONVERSION', `${name} cannot be converted to a manifest`, {
    value: name,
    hint: `supported files: ${marks.map(({ shown }) => shown).join(', ')}`,
  })
}
