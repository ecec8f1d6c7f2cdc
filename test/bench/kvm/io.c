/*
 * What a guest of the benches does to its disk and its network, and what answers on the host. Built without
 * libraries, for the guest has none. Each prints one number, the rate.
 *
 *   io disk FILE read|write seq|rand BLOCK DEPTH SECONDS   requests a second, direct I/O, DEPTH at a time
 *   io fill FILE BYTES                                     writes the region once; prints MiB a second
 *   io send HOST PORT BYTES, io receive HOST PORT BYTES    MiB a second, until the other end has all of it
 *   io rounds HOST PORT SECONDS                            round trips of one byte a second
 *   io serve PORT                                          the host's end of the three above
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { region = 64 << 20, chunk = 256 << 10, most_threads = 64 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void *aligned(size_t size) {
    void *place;
    if (posix_memalign(&place, 4096, size)) die("posix_memalign");
    memset(place, 0x5a, size);
    return place;
}

static struct { const char *file; int writes, random; size_t block; double until; } job;
static uint64_t done_by[most_threads];

static void *transfer(void *argument) {
    uintptr_t id = (uintptr_t)argument;
    int fd = open(job.file, O_RDWR | O_DIRECT);
    if (fd < 0) die(job.file);
    void *buffer = aligned(job.block);
    uint64_t blocks = region / job.block, state = 88172645463325252ull + id, at = blocks / most_threads * id;
    while (now() < job.until) {
        if (job.random) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            at = state;
        } else {
            at++;
        }
        off_t offset = (off_t)(at % blocks * job.block);
        ssize_t n = job.writes ? pwrite(fd, buffer, job.block, offset) : pread(fd, buffer, job.block, offset);
        if (n != (ssize_t)job.block) die("transfer");
        done_by[id]++;
    }
    close(fd);
    return NULL;
}

static void disk(char **a) {
    int depth = atoi(a[4]);
    if (depth < 1 || depth > most_threads) die("depth");
    job.file = a[0];
    job.writes = !strcmp(a[1], "write");
    job.random = !strcmp(a[2], "rand");
    job.block = (size_t)atol(a[3]);
    double begun = now();
    job.until = begun + atof(a[5]);
    pthread_t threads[most_threads];
    for (uintptr_t i = 0; i < (uintptr_t)depth; i++)
        if (pthread_create(&threads[i], NULL, transfer, (void *)i)) die("pthread_create");
    uint64_t sum = 0;
    for (int i = 0; i < depth; i++) pthread_join(threads[i], NULL), sum += done_by[i];
    printf("%.1f\n", sum / (now() - begun));
}

static void fill(char **a) {
    int fd = open(a[0], O_RDWR | O_DIRECT);
    if (fd < 0) die(a[0]);
    long bytes = atol(a[1]);
    void *buffer = aligned(1 << 20);
    double begun = now();
    for (long at = 0; at < bytes; at += 1 << 20)
        if (pwrite(fd, buffer, 1 << 20, at) != 1 << 20) die("fill");
    if (fsync(fd)) die("fsync");
    printf("%.1f\n", bytes / 1048576.0 / (now() - begun));
}

static int call(char **a) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(a[1]))};
    inet_pton(AF_INET, a[0], &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    return fd;
}

static void put(int fd, const void *from, size_t n) {
    for (const char *p = from; n > 0;) {
        ssize_t w = write(fd, p, n);
        if (w <= 0) die("write");
        p += w, n -= (size_t)w;
    }
}

/* What the caller wants is its first 16 bytes: a letter and a number. */
static int ask(char **a, char kind, long bytes) {
    char header[16] = {0};
    snprintf(header, sizeof header, "%c%ld", kind, bytes);
    int fd = call(a);
    put(fd, header, sizeof header);
    return fd;
}

static void pour(int fd, long bytes) {
    void *buffer = aligned(chunk);
    for (long left = bytes; left > 0; left -= chunk) put(fd, buffer, left < chunk ? (size_t)left : chunk);
    free(buffer);
}

static void drink(int fd, long bytes) {
    void *buffer = aligned(chunk);
    for (ssize_t n; bytes > 0; bytes -= n)
        if ((n = read(fd, buffer, chunk)) <= 0) die("read");
    free(buffer);
}

static void stream(char **a, char kind) {
    long bytes = atol(a[2]);
    char end;
    int fd = ask(a, kind, bytes);
    double begun = now();
    if (kind == 's') {
        pour(fd, bytes);
        if (read(fd, &end, 1) != 1) die("answer");
    } else {
        drink(fd, bytes);
    }
    printf("%.2f\n", bytes / 1048576.0 / (now() - begun));
}

static void rounds(char **a) {
    int fd = ask(a, 'e', 0);
    double begun = now(), until = begun + atof(a[2]);
    long count = 0;
    for (char byte = 1; now() < until; count++)
        if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1) die("round");
    printf("%.1f\n", count / (now() - begun));
}

static void *answer(void *argument) {
    int fd = (int)(intptr_t)argument, yes = 1;
    char header[17] = {0};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (recv(fd, header, 16, MSG_WAITALL) == 16) {
        if (header[0] == 's') {
            drink(fd, atol(header + 1));
            put(fd, "k", 1);
        } else if (header[0] == 'r') {
            pour(fd, atol(header + 1));
        } else {
            for (char byte; read(fd, &byte, 1) == 1;) put(fd, &byte, 1);
        }
    }
    close(fd);
    return NULL;
}

static void serve(char **a) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(a[0])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 8)) die("listen");
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        pthread_t thread;
        int peer = accept(fd, NULL, NULL);
        if (peer >= 0 && pthread_create(&thread, NULL, answer, (void *)(intptr_t)peer) == 0) pthread_detach(thread);
    }
}

int main(int argc, char **argv) {
    char **a = argv + 2;
    if (argc == 8 && !strcmp(argv[1], "disk")) return disk(a), 0;
    if (argc == 4 && !strcmp(argv[1], "fill")) return fill(a), 0;
    if (argc == 5 && !strcmp(argv[1], "send")) return stream(a, 's'), 0;
    if (argc == 5 && !strcmp(argv[1], "receive")) return stream(a, 'r'), 0;
    if (argc == 5 && !strcmp(argv[1], "rounds")) return rounds(a), 0;
    if (argc == 3 && !strcmp(argv[1], "serve")) return serve(a), 0;
    fprintf(stderr, "see the beginning of io.c\n");
    return 2;
}
