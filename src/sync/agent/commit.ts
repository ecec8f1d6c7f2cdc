/**
 * Its third part: what `commitScript` of guest-commit.ts does, in the same order and with the same answer, without a process;
 * and the loop that reads requests. Source: renameat2(2), RENAME_NOREPLACE 1 and RENAME_EXCHANGE 2.
 */
export const commit = String.raw`
def rename(one, fd, name, flag):
    """An absolute path and a name in an open folder; returns an error's number."""
    if calls is None: return errno.ENOSYS
    done = libc.syscall(ctypes.c_long(calls[0]), -100, one, fd, name, flag)
    return 0 if done == 0 else ctypes.get_errno()

UNABLE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)

def place(one, fd, name):
    """Into its place, if nothing is there."""
    code = rename(one, fd, name, 1)
    if code == 0 or code not in UNABLE: return
    try:
        if stat.S_ISDIR(os.lstat(one).st_mode):
            try: os.stat(name, dir_fd=fd, follow_symlinks=False)
            except FileNotFoundError: os.rename(one, name, dst_dir_fd=fd)
        else:
            os.link(one, name, dst_dir_fd=fd, follow_symlinks=False)
            os.unlink(one)
    except OSError: pass

def swap(staged, away, fd, name):
    """What comes goes to where the other is kept, and from there into its place: a kill loses neither."""
    try: os.rename(staged, away)
    except OSError: return
    code = rename(away, fd, name, 2)
    if code == 0: return
    try:
        os.rename(away, staged)
        if code not in UNABLE: return
        os.rename(name, away, src_dir_fd=fd)
    except OSError: return
    place(staged, fd, name)

def do_commit(words):
    if identity != one_of(os.stat(b'.')): raise RuntimeError('the folder was replaced by another')
    out, staged = work + b'/' + next(words) + b'/', work + b'/in-' + token + b'/'
    dropped, leaving, removed, swapped, placed, made_, modes, looked, deep = (some(words) for _ in range(9))
    os.makedirs(staged, exist_ok=True)
    for path in dropped: remove(staged + path)
    seen = dict(reversed(field.split(b'/', 1)) for field in leaving)
    places, kept = Places(), set()
    def each(paths, act):
        for path in paths:
            try:
                if path.rpartition(b'/')[0] != places.path: ours()
                fd, name = places.of(path)
                act(path, fd, name)
            except OSError as error:
                if error.errno in OURS: raise
    def is_seen(path, fd, name):
        stamp = seen.get(path, b'').split(b'.')
        s = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if len(stamp) < 3: return True
        return (s.st_ino, s.st_size, s.st_mtime_ns) == (int(stamp[0]), int(stamp[1]), int(stamp[2], 36))
    def keep(path):
        above = path.rpartition(b'/')[0]
        if above not in kept: os.makedirs(out + above, exist_ok=True)
        kept.add(above)
        return out + path
    def leave(path, fd, name):
        if is_seen(path, fd, name): os.rename(name, keep(path), src_dir_fd=fd)
    def exchange(path, fd, name):
        if is_seen(path, fd, name): swap(staged + path, keep(path), fd, name)
    def set_mode(mode, fd, name):
        if not stat.S_ISLNK(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode): os.chmod(name, int(mode, 8), dir_fd=fd)
    exchanged = set(swapped)
    away = [path for path in seen if path not in exchanged]
    coming = [path for path in placed if path not in exchanged]
    early = set(away) if removed or any(path in seen for path in made_) else set(away).difference(coming)
    each(sorted(early, reverse=True), leave)
    each(removed, lambda path, fd, name: os.rmdir(name, dir_fd=fd))
    places.close()
    each(made_, lambda path, fd, name: os.mkdir(name, 0o700, dir_fd=fd))
    each(sorted(swapped), exchange)
    late = set(away) - early
    def come(path, fd, name):
        if path in late: each([path], leave)
        place(staged + path, fd, name)
    each(sorted(coming), come)
    for field in modes:
        mode, path = field.split(b'/', 1)
        each([path], lambda _, fd, name: set_mode(mode, fd, name))
    places.close()
    listed(out)
    sink.write(b'//staged\n')
    listed(staged)
    sink.write(b'//placed\n')
    say_now()
    for path in looked:
        s = stat_at(places, path)
        if s is not None: line(path, s)
    for path in deep: walk_at(places, path)
    places.close()
    remove(staged[:-1])

def do_save(words):
    """Both in one."""
    if not do_stage(words): return
    os.chdir(root)
    sink.write(b'//came\n')
    do_commit(words)

def listed(folder):
    """Files and links in a folder of our own."""
    for above, folders, names in os.walk(folder):
        for name in names + [one for one in folders if os.path.islink(above + b'/' + one)]:
            path = os.path.join(above, name)
            line(path[len(folder):], os.lstat(path))

def aside(act, words):
    """In a process of its own that leaves the processor and the disk to others."""
    sink.flush()
    child = os.fork()
    if child == 0:
        try:
            step_back()
            if calls is not None: libc.syscall(ctypes.c_long(calls[2]), 1, 0, 3 << 13)
            act(words)
            sink.flush()
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
            os._exit(1)
    return os.waitpid(child, 0)[1]

acts = {name[3:].encode(): act for name, act in globals().items() if name.startswith('do_')}
sys.excepthook = lambda kind, error, trace: sys.stderr.write('%s: %s\n' % (kind.__name__, error))
while True:
    head = source.readline().split()
    if len(head) != 2: break
    fields = source.read(512 * int(head[1])).split(b'\0')[:-1]
    if not fields: break
    code = 0
    try:
        words = iter(fields[1:])
        if root:
            ours()
            os.chdir(root)
            if os.getcwdb() != root: os._exit(8)
        act = acts[fields[0]]
        if act in (do_list, do_digest, do_pack) and (len(fields) > 200 or is_large and fields[1] == b'all'): code = aside(act, words)
        else: act(words)
    except Exception:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        code = 1
    sink.write(b'\n%s %d\n' % (head[0], code))
    sink.flush()
`
