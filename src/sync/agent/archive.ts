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
    def __init__(self, blocks): self.left = blocks * 65536
    def take(self, size):
        data = source.read(min(size, self.left))
        self.left -= len(data)
        if len(data) < size: raise EOFError
        return data
    def end(self):
        while self.left > 0 and self.take(min(self.left, 65536)): pass

def unpack(payload, folder):
    long = {}
    while True:
        block = payload.take(512)
        if block == b'\0' * 512: return
        kind = block[156:157]
        size = int.from_bytes(block[125:136], 'big') if block[124] == 0x80 else int(block[124:135], 8)
        if kind in b'LK':
            long[kind] = payload.take(size + -size % 512)[:size - 1]
            continue
        name = long.pop(b'L', block[:100].rstrip(b'\0')).rstrip(b'/')
        target = long.pop(b'K', block[157:257].rstrip(b'\0'))
        mode = int(block[100:107], 8)
        path = folder + b'/' + name
        def make():
            if kind == b'5':
                if not os.path.isdir(path): os.mkdir(path)
                os.chmod(path, mode)
            elif kind == b'2': os.symlink(target, path)
            else: return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try: file = make()
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            file = make()
        if file is None: line(name, os.lstat(path))
        else:
            try:
                for left in range(size, 0, -65536): os_write(file, payload.take(min(left, 65536)))
                os.fchmod(file, mode)
                line(name, os.fstat(file))
            finally: os.close(file)
            payload.take(-size % 512)

def os_write(file, data):
    view = memoryview(data)
    while view: view = view[os.write(file, view):]

def do_stage(words):
    payload = Payload(int(next(words)))
    folder = work + b'/in-' + token
    try:
        os.makedirs(folder, exist_ok=True)
        unpack(payload, folder)
    except OSError as error:
        sink.write(b'\n//failed\n')
        sys.stderr.write('%s\n' % error.strerror)
        sys.stderr.flush()
    payload.end()
`
