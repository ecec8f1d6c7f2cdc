import type { Manifest } from '../manifest/index.ts'
import { hostUses } from './host-uses.ts'
import type { ProviderRegistry } from './provider/registry.ts'
import type { HostUse, Trust } from './trust/agreed.ts'

/** Asks the user to agree to what a project in a folder would do on this host. */
export type AskTrust = (uses: readonly HostUse[], root: string) => Promise<boolean>

/**
 * Sees to it that the user has agreed to all that the manifest would have run on this host: asks for what is new, and
 * remembers the answer. E_UNTRUSTED where they do not agree, or cannot be asked.
 */
export async function ensureTrust(
  manifest: Manifest,
  { registry, trust, ask }: { registry: ProviderRegistry; trust: Trust; ask: AskTrust },
): Promise<void> {
  const uses = await hostUses(manifest, registry)
  const missing = await trust.missing(uses)
  if (missing.length === 0) return
  if (!(await ask(missing, manifest.root))) return trust.require(uses)
  await trust.grant(uses)
}
