import type { HostFile } from '../host-file.ts'
import { damaged, type Qcow2Header } from './header.ts'
import type { Mapping } from './mapping.ts'
import type { Refcounts } from './refcounts.ts'

/** Clusters a file may have: 4 TiB of 64 KiB. Bounds the memory of the audit to 128 MiB. */
const mostClusters = 2 ** 26

export interface AuditedImage {
  readonly file: HostFile
  readonly header: Qcow2Header
  readonly mapping: Mapping
  readonly refcounts: Refcounts
}

/**
 * Goes through all references of an image before it is written to. Refuses one whose references overlap,
 * leave the file or are not counted: writing would spread the damage. Clusters that are counted and not
 * referenced are what a writer leaves behind that was killed while flushing; they are made free.
 * Returns how many those were. Needs an image without snapshots, whose references are each the only one.
 */
export function auditReferences({ file, header, mapping, refcounts }: AuditedImage): number {
  const clusterSize = 2 ** header.clusterBits
  const clusters = Math.ceil(file.size / clusterSize)
  if (clusters > mostClusters) throw damaged(file.path, `it has more than ${mostClusters} clusters`)
  if (clusters > refcounts.capacity) throw damaged(file.path, 'its refcount table is too small for it')
  const references = new Uint8Array(clusters)
  const compressed = new Uint16Array(clusters)

  const own = (offset: number, length: number, what: string) => {
    if (offset % clusterSize !== 0) throw damaged(file.path, `${what} is not aligned`)
    const first = offset / clusterSize
    const count = Math.ceil(length / clusterSize)
    if (offset + length > file.size) throw damaged(file.path, `${what} is outside the file`)
    for (let cluster = first; cluster < first + count; cluster += 1) {
      if (references[cluster] !== 0) throw damaged(file.path, `${what} is also something else`)
      references[cluster] = 1
    }
  }

  own(0, clusterSize, 'the header')
  own(header.l1Offset, header.l1Size * 8, 'the L1 table')
  own(header.refcountTableOffset, header.refcountTableClusters * clusterSize, 'the refcount table')
  for (const { offset } of refcounts.blockOffsets()) own(offset, clusterSize, 'a refcount block')

  for (let l1Index = 0; l1Index < header.l1Size; l1Index += 1) {
    const place = mapping.tablePlace(l1Index)
    if (place === null) continue
    own(place.offset, clusterSize, `L2 table ${l1Index}`)
    mapping.forEach(l1Index, (entry) => {
      if (entry.kind === 'compressed') {
        const last = Math.floor((entry.offset + entry.length - 1) / clusterSize)
        if (last >= clusters) throw damaged(file.path, 'a compressed cluster is outside the file')
        for (let cluster = Math.floor(entry.offset / clusterSize); cluster <= last; cluster += 1) {
          compressed[cluster] = (compressed[cluster] ?? 0) + 1
        }
      } else if (entry.offset !== 0) {
        // The file may end within its last cluster of data, where only zeros follow.
        own(entry.offset, Math.min(clusterSize, Math.max(1, file.size - entry.offset)), 'a cluster of data')
      }
    })
  }
  return compare({ references, compressed }, refcounts, file.path)
}

/** How often each cluster is referred to, as a whole and by compressed clusters. */
interface References {
  readonly references: Uint8Array
  readonly compressed: Uint16Array
}

function compare({ references, compressed }: References, refcounts: Refcounts, path: string): number {
  let leaks = 0
  for (let cluster = 0; cluster < references.length; cluster += 1) {
    const packed = compressed[cluster] ?? 0
    if (packed > 0 && references[cluster] !== 0) {
      throw damaged(path, 'a compressed cluster is also something else')
    }
    const wanted = packed + (references[cluster] ?? 0)
    const counted = refcounts.get(cluster)
    if (counted < wanted) throw damaged(path, `cluster ${cluster} is counted ${counted} times, not ${wanted}`)
    if (counted > wanted) {
      refcounts.set(cluster, wanted)
      leaks += 1
    }
  }
  for (const { first } of refcounts.blockOffsets()) {
    const end = first + refcounts.perBlock
    const next = (cluster: number) => (cluster < end ? refcounts.nextCounted(cluster, end) : end)
    for (let at = next(Math.max(first, references.length)); at < end; at = next(at + 1)) {
      refcounts.set(at, 0)
      leaks += 1
    }
  }
  return leaks
}
