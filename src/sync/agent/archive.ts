/**
 * Its second part: archives. What comes is only what `tarHead` writes. Source: GNU tar manual, "Basic Tar Format"; names of
 * over 100 bytes are GNU's `L` and `K`, sizes of over 8 GiB its binary form.
 */
export const archive = String.raw`
def member(name, kind, mode, size, target=b''):
    head = b''
    for letter, text in ((b'L', name), (b'K', target)):
        if len(text) > 100: head += member(b'././@LongLink', letter, 0, len(text) + 1) + text + b'\0' * (512 - len(text) % 512)
    length = b'%011o\0' % size if size < 8 ** 11 else b'\x80' + size.to_bytes(11, 'big')
    numbers = b'%07o\0' % mode + b'0000000\0' * 2 + length + b'0' * 11 + b'\0'
    rest = kind + target[:100].ljust(100, b'\0') + b'ustar  \0'
    block = name[:100].ljust(100, b'\0') + numbers + b' ' * 8 + rest
    total = b'%06o\0 ' % sum(block)
    return head + (name[:100].ljust(100, b'\0') + numbers + total + rest).ljust(512, b'\0')

def pack_one(fd, name, path):
    try:
        s = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if stat.S_ISLNK(s.st_mode): return sink.write(member(path, b'2', 0o777, 0, os.readlink(name, dir_fd=fd)))
        if not stat.S_ISREG(s.st_mode): return
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=fd)
    except OSError as error:
        if error.errno in OURS: raise
        return
    try:
        left = os.fstat(file).st_size
        sink.write(member(path, b'0', stat.S_IMODE(s.st_mode), left))
        padding = -left % 512
        while left > 0:
            try: data = os.read(file, min(left, 262144))
            except OSError: data = b''
            if not data: data = b'\0' * min(left, 262144)
            left -= len(data)
            sink.write(data)
        sink.write(b'\0' * padding)
    finally: os.close(file)

def do_pack(words):
    places = Places()
    for path in some(words):
        try: fd, name = places.of(path)
        except OSError as error:
            if error.errno not in GONE + CLOSED: raise
        else: pack_one(fd, name, path)
    places.close()
    sink.write(b'\0' * 1024)

def do_drain(words):
    batch = work + b'/' + next(words)
    for above, folders, names in os.walk(batch):
        fd = os.open(above, FOLDER)
        for name in names + folders: pack_one(fd, name, os.path.join(above, name)[len(batch) + 1:])
        os.close(fd)
    sink.write(b'\0' * 1024)

def do_remove(words): remove(work + b'/' + next(words))

class Payload:
    """What a request carries behind it, in blocks of 512 bytes."""
    def __init__(self, blocks): self.left = blocks * 512
    def inflated(self):
        data = zlib.decompressobj().decompress(self.take(self.left))
        at = 0
        def take(size):
            nonlocal at
            at += size
            if at > len(data): raise EOFError
            return data[at - size:at]
        return take
    def take(self, size):
        if size > self.left: raise EOFError
        self.left -= size
        data = source.read(size)
        if len(data) < size: raise EOFError
        return data
    def end(self):
        while self.left > 0: self.take(min(self.left, 65536))

def make(kind, path, mode, target):
    if kind == b'0': return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    if kind == b'2': os.symlink(target, path)
    elif not os.path.isdir(path): os.mkdir(path, mode)
    else: os.chmod(path, mode)

def unpack(take):
    """Into the present folder."""
    long = {}
    while True:
        block = take(512)
        kind = block[156:157]
        if kind == b'\0': return
        size = int.from_bytes(block[125:136], 'big') if block[124] == 0x80 else int(block[124:135], 8)
        if kind in b'LK':
            long[kind] = take(size + -size % 512)[:size - 1]
            continue
        name, target = block[:100].rstrip(b'\0'), b''
        if kind == b'2': target = long.pop(b'K', block[157:257].rstrip(b'\0'))
        if long: name = long.pop(b'L', name)
        if kind == b'5': name = name.rstrip(b'/')
        mode = int(block[100:107], 8)
        try: file = make(kind, name, mode, target)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(name), exist_ok=True)
            file = make(kind, name, mode, target)
        if file is None:
            line(name, os.lstat(name))
            continue
        try:
            # The most are small: one read, one write.
            if size <= 65536: whole = take(size + -size % 512)[:size]
            else:
                for left in range(size, 65536, -65536): put(file, take(65536))
                left = size - (size - 1) // 65536 * 65536
                whole = take(left + -left % 512)[:left]
            put(file, whole)
            line(name, os.fstat(file))
        finally: os.close(file)

def put(file, data):
    done = os.write(file, data)
    while done < len(data): done += os.write(file, data[done:])

def do_stage(words):
    payload, how, is_here = Payload(int(next(words))), next(words), True
    folder = work + b'/in-' + token
    try:
        os.makedirs(folder, exist_ok=True)
        os.chdir(folder)
        before = os.umask(0)
        try: unpack(payload.inflated() if how == b'deflated' else payload.take)
        finally: os.umask(before)
    except OSError as error:
        sink.write(b'\n//failed\n')
        sys.stderr.write('%s\n' % error.strerror)
        sys.stderr.flush()
        is_here = False
    payload.end()
    return is_here
`
