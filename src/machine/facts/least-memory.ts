interface Memory {
  memory: number
  memoryMin?: number | null
}

/** Bytes that a guest is sure to have, and that the host has to have for it; what moves beyond them is not counted. */
export function leastMemory({ memory, memoryMin }: Memory): number {
  return memoryMin ?? memory
}
