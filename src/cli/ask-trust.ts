import type { HostUse } from '../app/index.ts'
import { askYes, canAsk } from './confirm.ts'
import { usesText } from './text/trust.ts'

export interface TrustQuestion {
  uses: readonly HostUse[]
  root: string
  /** `--yes` was given. */
  yes: boolean
  /** With `--json` no one is asked. */
  json: boolean
  signal: AbortSignal
}

/** Whether the user agrees to what a project would do on this computer; false where no one can be asked. */
export async function askTrust({ uses, root, yes, json, signal }: TrustQuestion): Promise<boolean> {
  if (yes) return true
  if (json || !canAsk()) return false
  process.stderr.write(`${usesText(root, uses)}\n`)
  return askYes('Allow this? You are asked again when any of it changes.', signal)
}
