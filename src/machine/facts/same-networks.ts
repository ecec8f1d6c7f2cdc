import type { Attachment } from '../../manifest/index.ts'
import type { RecordedAttachment } from '../../project/index.ts'

/** Whether a machine was started with these. */
export function isSameNetworks(
  recorded: readonly RecordedAttachment[],
  wanted: readonly Attachment[],
): boolean {
  const facts = ({ network, ipv4, mac }: Attachment) => `${network} ${ipv4} ${mac}`
  return recorded.map(facts).join() === wanted.map(facts).join()
}
