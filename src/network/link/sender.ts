/** The addresses that a machine may send from. */
export interface Sender {
  /** Six bytes. */
  mac: Uint8Array
  /** As a number of 32 bits. */
  ipv4: number
  /** The network's prefix of 64 bits; a machine's interface identifier follows from its MAC. */
  ipv6Prefix: Uint8Array
}
