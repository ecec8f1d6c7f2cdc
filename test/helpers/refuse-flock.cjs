// Loaded ahead of a program (node --require): flock(2) then fails with ENOLCK for it, as on NFS without a lock server.
// A seccomp filter, so that the call itself is refused. Source: seccomp(2), <linux/filter.h>.
const { createRequire } = require('node:module')
const koffi = createRequire(__filename)('koffi')

const flock = { x64: 73, arm64: 32 }[process.arch]
const enolck = 37
const [load, ifEqual, give] = [0x20, 0x15, 0x06]
const [fail, allow] = [0x00050000, 0x7fff0000]
const [noNewPrivileges, setSeccomp, filterMode] = [38, 22, 2]

const filter = [
  [load, 0, 0, 0],
  [ifEqual, 0, 1, flock],
  [give, 0, 0, fail | enolck],
  [give, 0, 0, allow],
]
const code = Buffer.alloc(filter.length * 8)
for (const [index, [what, then, otherwise, value]] of filter.entries()) {
  code.writeUInt16LE(what, index * 8)
  code.writeUInt8(then, index * 8 + 2)
  code.writeUInt8(otherwise, index * 8 + 3)
  code.writeUInt32LE(value, index * 8 + 4)
}

const libc = koffi.load(null)
koffi.struct('sock_fprog', { len: 'uint16_t', filter: 'uint8_t *' })
const set = libc.func(
  'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
)
const install = libc.func('int prctl(int option, unsigned long mode, sock_fprog *program)')
if (set(noNewPrivileges, 1, 0, 0, 0) !== 0) throw new Error('prctl: no new privileges')
if (install(setSeccomp, filterMode, { len: filter.length, filter: code }) !== 0)
  throw new Error('prctl: seccomp')
