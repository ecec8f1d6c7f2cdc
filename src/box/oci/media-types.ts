import type { Arch } from '../../lib/values/arch.ts'

/** What the parts of a box are called in a registry. docs/oci.md tells what each holds. */
export const mediaTypes = {
  /** `artifactType` of a box's manifest. */
  artefact: 'application/vnd.posada.box.v1',
  /** box.json, to the byte. */
  config: 'application/vnd.posada.box.config.v1+json',
  /** Part of a file of the box: as it is, or packed. */
  chunk: 'application/vnd.posada.box.chunk.v1',
  chunkZstd: 'application/vnd.posada.box.chunk.v1+zstd',
  chunkGzip: 'application/vnd.posada.box.chunk.v1+gzip',
  /** OCI image specification 1.1. */
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
} as const

/** What a tag may lead to; Docker's types too, for a container image under it is to be seen, and not lost. */
export const indexTypes: readonly string[] = [
  mediaTypes.index,
  'application/vnd.docker.distribution.manifest.list.v2+json',
]
export const manifestTypes: readonly string[] = [
  mediaTypes.manifest,
  ...indexTypes,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
  '*/*',
]

/** Annotations of a chunk: the file that it is part of, where in it, its length, and the SHA-256 of its plain bytes. */
export const chunkAnnotations = {
  file: 'org.posada.chunk.file',
  offset: 'org.posada.chunk.offset',
  length: 'org.posada.chunk.length',
  digest: 'org.posada.chunk.digest',
} as const

/** OCI image specification 1.1, "Pre-Defined Annotation Keys". */
export const boxAnnotations = {
  title: 'org.opencontainers.image.title',
  version: 'org.opencontainers.image.version',
  description: 'org.opencontainers.image.description',
  arch: 'org.posada.box.arch',
} as const

/** Architectures as the image specification calls them, which are Go's names. */
export const platforms = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  riscv64: 'riscv64',
  ppc64le: 'ppc64le',
  s390x: 's390x',
} as const satisfies Record<Arch, string>
