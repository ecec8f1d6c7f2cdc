import { asObject } from '../../lib/values/as-object.ts'

/** What is to be captured; neither networks nor machines: all networks. */
export interface CaptureRequest {
  /** Each frame on them once, as its sender sent it. */
  networks: readonly string[]
  /** All that these machines send, and all that reaches them, on whatever network. */
  machines: readonly string[]
  /** Bytes kept of a frame; 0 for all. */
  snaplen: number
}

const mostNames = 1000

export function encodeCaptureRequest(request: CaptureRequest): string {
  return `${JSON.stringify(request)}\n`
}

/** Null for a line that is not a request. */
export function parseCaptureRequest(line: string): CaptureRequest | null {
  try {
    const { networks, machines, snaplen } = asObject(JSON.parse(line))
    if (!areNames(networks) || !areNames(machines)) return null
    if (typeof snaplen !== 'number' || !Number.isInteger(snaplen) || snaplen < 0) return null
    return { networks, machines, snaplen }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function areNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= mostNames && value.every((name) => typeof name === 'string')
}
