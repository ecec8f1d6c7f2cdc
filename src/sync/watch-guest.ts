import { quote } from '../ssh/index.ts'
import { stepBack } from './agent/step-back.ts'
import type { Hints } from './hints.ts'
import { isPlain } from './paths.ts'
import type { Session } from './session.ts'
import type { GuestChannel, GuestShell } from './types.ts'

/**
 * Hears of changes in the guest's folder, where the guest has python3: a program of 50 lines there watches (inotify) each
 * folder and says which paths may have changed. `isBlind` where it cannot or no longer does.
 */
export class GuestWatch {
  readonly #hints: Hints
  #channel: GuestChannel | null = null
  isBlind = true
  /** Those who wait for what was heard until they asked. */
  readonly #waiting: ((heard: boolean) => void)[] = []

  constructor(hints: Hints) {
    this.#hints = hints
  }

  /** Resolves when all folders are watched, or it is known that they cannot be. */
  async start(session: Session, shell: GuestShell, signal: AbortSignal): Promise<void> {
    const { guest } = session
    const words = [guest.root, ...guest.excluded].map(quote).join(' ')
    const command = `LC_ALL=C; export LC_ALL; command -v python3 >/dev/null && exec python3 -ISc ${quote(program)} ${words}`
    const channel = await shell.open(command, signal)
    this.#channel = channel
    channel.stdin.on('error', () => undefined)
    channel.stderr.resume()
    channel.stderr.on('error', () => undefined)
    await new Promise<void>((resolve) => {
      const reader = new Reader((record) => {
        if (record === 'ready') {
          this.isBlind = false
          resolve()
        } else if (record === 'told') this.#waiting.shift()?.(true)
        else if (record === 'all') this.#hints.all('guest')
        else if (record.startsWith('/') && isPlain(record.slice(1))) this.#heard(session, record.slice(1))
      })
      channel.stdout.on('data', (bytes: Buffer) => reader.take(bytes))
      channel.stdout.on('error', () => undefined)
      void channel.exit.then(() => {
        this.isBlind = true
        this.#hints.all()
        for (const answer of this.#waiting.splice(0)) answer(false)
        resolve()
      })
    })
  }

  /** Resolves when all is hinted at that was changed before; false: what that is cannot be heard. */
  async hasCaughtUp(): Promise<boolean> {
    if (this.isBlind) return false
    const heard = new Promise<boolean>((resolve) => this.#waiting.push(resolve))
    this.#channel?.stdin.write('\n')
    return heard
  }

  close(): void {
    this.#channel?.close()
  }

  #heard({ ignored }: Session, path: string): void {
    if (!ignored.has(path, true) || !ignored.has(path, false)) this.#hints.add(path, 'guest')
  }
}

/** Bytes that a record may have: a path. */
const longest = 8192

class Reader {
  readonly #take: (record: string) => void
  #rest = ''

  constructor(take: (record: string) => void) {
    this.#take = take
  }

  take(bytes: Buffer): void {
    const records = (this.#rest + bytes.toString('latin1')).split('\0')
    this.#rest = (records.pop() ?? '').slice(-longest)
    for (const record of records) this.#take(record)
  }
}

/**
 * Source: inotify(7). What it writes ends with NUL: `ready`, `all` where events were lost, a path with `/` before it, or, for
 * each byte that it was sent, `told` when all that had happened by then is said.
 */
const program = `
import ctypes, errno, os, select, struct, sys, time
${stepBack}
root = os.fsencode(sys.argv[1])
skipped = set(os.fsencode(a) for a in sys.argv[2:])
skipped.add(b'.posada-sync')
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.inotify_init1(0o2000000 | 0o4000)
if fd < 0: sys.exit(3)
MASK = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200 | 0x2000000 | 0x1000000
out = sys.stdout.buffer
paths = {}
header = struct.Struct('iIII')
def add(path):
    wd = libc.inotify_add_watch(fd, path, ctypes.c_uint32(MASK))
    if wd < 0:
        if ctypes.get_errno() in (errno.ENOSPC, errno.ENOMEM): sys.exit(4)
        return
    paths[wd] = path
    try:
        with os.scandir(path) as entries:
            below = [e.path for e in entries if e.name not in skipped and e.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for one in below: add(one)
sys.setrecursionlimit(5000)
step_back()
add(root)
out.write(b'ready\\0'); out.flush()
busy = False
while True:
    ready, _, _ = select.select([fd, 0], [], [])
    asked = len(os.read(0, 4096)) if 0 in ready else -1
    if asked == 0: sys.exit(0)
    if asked < 0: time.sleep(0.05 if busy else 0.005)
    found = {}
    while True:
        try: data = os.read(fd, 262144)
        except BlockingIOError: break
        at, before, last = 0, 0, 0
        while at < len(data):
            wd, mask, _, length = header.unpack_from(data, at)
            end = at + 16 + length
            if data[at + 16:end] == data[before + 16:at] and wd == last and not mask & 0x4000e000 and at > before:
                before, at = at, end
                continue
            before, last = at, wd
            name = data[at + 16:end].rstrip(b'\\0')
            at = end
            if mask & 0x4000: found[None] = 1
            if mask & 0x8000: paths.pop(wd, None)
            folder = paths.get(wd)
            if folder is None or name in skipped: continue
            path = folder + b'/' + name if name else folder
            if mask & 0x40000000 and mask & 0x180 and name: add(path)
            if len(path) > len(root): found[path[len(root):]] = 1
    busy = len(found) > 100
    out.write(b''.join((b'all' if p is None else p) + b'\\0' for p in found) + b'told\\0' * asked); out.flush()
`
