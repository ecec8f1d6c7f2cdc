/** Bounds on what a manifest may be. A manifest comes with a repository, so it may be hostile. */
export const limits = {
  /** Bytes of posada.yaml, of the override, of a base manifest and of .env, each. */
  fileSize: 1024 * 1024,
  /** Base manifests that build on each other. */
  bases: 8,
  /** Lexical pieces of one file; an ordinary line has about six. */
  tokens: 100_000,
  /** Open constructs at once while parsing; a list in a mapping takes two. */
  depth: 64,
  /** Values once all aliases are written out. */
  nodes: 50_000,
  /** Replicas count, too. */
  machines: 256,
  networks: 16,
  links: 500,
  steps: 200,
  retries: 100,
  hooks: 50,
  ports: 200,
  probes: 20,
  variables: 500,
  args: 1000,
  folders: 20,
  disks: 8,
  excludes: 500,
  nameLength: 63,
  stepNameLength: 100,
  pathLength: 4096,
} as const
