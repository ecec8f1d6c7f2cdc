/** Whether the host is this computer: the only one that is spoken to without TLS. RFC 6761, section 6.3. */
export function isLoopback({ hostname }: { hostname: string }): boolean {
  return /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}
