/** What holds for getting a machine's box. */
export interface BoxTerms {
  /** `sha256:…`; null: the box's source has to say. */
  checksum: string | null
  /** Whether a download without a checksum is accepted. */
  unchecked: boolean
  /** What the box is, where it does not say itself. */
  facts: {
    name?: string
    version?: string
    user?: string
    firmware?: 'bios' | 'uefi'
    image?: 'qcow2' | 'raw'
  }
}
