import { libc } from '../ffi/libc.ts'
import { checked } from '../ffi/system-call-error.ts'

// <linux/capability.h>
const LINUX_CAPABILITY_VERSION_3 = 0x20080522
/** CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER: root uses files of others as its own. */
const kept = (1 << 1) | (1 << 2) | (1 << 3)

/**
 * Takes from this thread what root may do besides using files: looking into other processes, mounting, settings of the
 * network. With `no_new_privs`, programs that it starts do not get them back (capabilities(7)). Does
 * nothing for anyone else, who has none.
 */
export function dropCapabilities(): void {
  const { capget, capset } = libc()
  const header = new Uint8Array(new Uint32Array([LINUX_CAPABILITY_VERSION_3, 0]).buffer)
  // struct __user_cap_data_struct, twice, for 32 capabilities each: effective, permitted, inheritable.
  const data = new Uint32Array(6)
  checked('capget', capget(header, data))
  const left = (data[1] ?? 0) & kept
  data.set([left, left, 0, 0, 0, 0])
  checked('capset', capset(header, data))
}
