/* Loaded in front of the C library (LD_PRELOAD), it writes down in order what a program does to the files of one folder:
   every creation, write, truncation, removal, and the beginning and the end of every sync. Syncs themselves are only
   recorded: what a disk would have kept is worked out afterwards (power_cut.py).

   POWER_FOLDER  absolute path of the folder, without a slash at its end
   POWER_LOG     the file to append to; several processes may share it, a lock on it keeps their records in order */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct record {
    uint8_t kind;
    uint8_t unused;
    uint16_t name_length;
    uint32_t thread;
    uint64_t inode;
    int64_t offset;
    uint64_t length;
};

static const char *folder;
static size_t folder_length;
static int log_file = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static int (*real_open)(const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_truncate)(int, off64_t);
static int (*real_unlink)(const char *);
static int (*real_fsync)(int);

__attribute__((constructor)) static void begin(void) {
    real_open = dlsym(RTLD_NEXT, "open64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_truncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    const char *path = getenv("POWER_LOG");
    folder = getenv("POWER_FOLDER");
    if (folder == NULL || path == NULL)
        return;
    folder_length = strlen(folder);
    log_file = real_open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void give_up(const char *what) {
    fprintf(stderr, "power_recorder: %s: %s\n", what, strerror(errno));
    abort();
}

static void lock(void) {
    pthread_mutex_lock(&mutex);
    while (flock(log_file, LOCK_EX) != 0)
        if (errno != EINTR)
            give_up("lock");
}

static void unlock(void) {
    flock(log_file, LOCK_UN);
    pthread_mutex_unlock(&mutex);
}

/* The name of a path in the folder; NULL for one that lies elsewhere, "" for the folder itself. */
static const char *name_of(const char *path) {
    if (log_file < 0 || path == NULL || strncmp(path, folder, folder_length) != 0)
        return NULL;
    if (path[folder_length] == '\0')
        return "";
    return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static const char *name_of_descriptor(int descriptor, char *buffer, size_t size) {
    char link[64];
    if (log_file < 0)
        return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, buffer, size - 1);
    if (length < 0)
        return NULL;
    buffer[length] = '\0';
    return name_of(buffer);
}

static uint64_t inode_of(int descriptor, int64_t *size) {
    struct stat found;
    if (fstat(descriptor, &found) != 0)
        give_up("fstat");
    if (size != NULL)
        *size = found.st_size;
    return found.st_ino;
}

static void note(char kind, const char *name, uint64_t inode, int64_t offset, const void *data, size_t length) {
    struct record record = {.kind = (uint8_t)kind, .name_length = (uint16_t)strlen(name), .inode = inode,
                            .offset = offset, .length = length, .thread = (uint32_t)syscall(SYS_gettid)};
    struct iovec parts[] = {{&record, sizeof record}, {(void *)name, record.name_length}, {(void *)data, length}};
    if (writev(log_file, parts, 3) != (ssize_t)(sizeof record + record.name_length + length))
        give_up("the log");
}

static int opened(const char *path, int flags, mode_t mode) {
    const char *name = name_of(path);
    if (name == NULL || (flags & (O_CREAT | O_TRUNC)) == 0)
        return real_open(path, flags, mode);
    struct stat before;
    lock();
    int there = lstat(path, &before) == 0;
    int descriptor = real_open(path, flags, mode);
    int error = errno;
    if (descriptor >= 0 && !there)
        note('C', name, inode_of(descriptor, NULL), 0, NULL, 0);
    else if (descriptor >= 0 && (flags & O_TRUNC))
        note('T', name, inode_of(descriptor, NULL), 0, NULL, 0);
    unlock();
    errno = error;
    return descriptor;
}

static mode_t mode_of(int flags, va_list arguments) {
    return flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(function)                                                                                                 \
    int function(const char *path, int flags, ...) {                                                                   \
        va_list arguments;                                                                                             \
        va_start(arguments, flags);                                                                                    \
        mode_t mode = mode_of(flags, arguments);                                                                       \
        va_end(arguments);                                                                                             \
        return opened(path, flags, mode);                                                                              \
    }
OPEN(open)
OPEN(open64)

/* `offset` is -1 for a write where the file stands. */
static ssize_t wrote(int descriptor, const void *data, size_t size, off64_t offset) {
    char buffer[4096];
    const char *name = name_of_descriptor(descriptor, buffer, sizeof buffer);
    if (name == NULL)
        return offset < 0 ? real_write(descriptor, data, size) : real_pwrite(descriptor, data, size, offset);
    lock();
    int64_t end;
    uint64_t inode = inode_of(descriptor, &end);
    int64_t at = offset;
    if (offset < 0)
        at = fcntl(descriptor, F_GETFL) & O_APPEND ? end : lseek64(descriptor, 0, SEEK_CUR);
    ssize_t done = offset < 0 ? real_write(descriptor, data, size) : real_pwrite(descriptor, data, size, offset);
    int error = errno;
    if (done > 0)
        note('W', name, inode, at, data, (size_t)done);
    unlock();
    errno = error;
    return done;
}

ssize_t write(int descriptor, const void *data, size_t size) { return wrote(descriptor, data, size, -1); }
ssize_t pwrite(int descriptor, const void *data, size_t size, off_t offset) {
    return wrote(descriptor, data, size, offset);
}
ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t offset) {
    return wrote(descriptor, data, size, offset);
}

int ftruncate64(int descriptor, off64_t length) {
    char buffer[4096];
    const char *name = name_of_descriptor(descriptor, buffer, sizeof buffer);
    if (name == NULL)
        return real_truncate(descriptor, length);
    lock();
    int result = real_truncate(descriptor, length);
    int error = errno;
    if (result == 0)
        note('T', name, inode_of(descriptor, NULL), length, NULL, 0);
    unlock();
    errno = error;
    return result;
}
int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

int unlink(const char *path) {
    const char *name = name_of(path);
    if (name == NULL)
        return real_unlink(path);
    lock();
    int result = real_unlink(path);
    int error = errno;
    if (result == 0)
        note('U', name, 0, 0, NULL, 0);
    unlock();
    errno = error;
    return result;
}

/* Other writes may come between the beginning and the end: those a sync promises nothing about. */
static int synced(int descriptor) {
    char buffer[4096];
    const char *name = name_of_descriptor(descriptor, buffer, sizeof buffer);
    if (name == NULL)
        return real_fsync(descriptor);
    uint64_t inode = inode_of(descriptor, NULL);
    lock();
    note('S', name, inode, 0, NULL, 0);
    unlock();
    lock();
    note('s', name, inode, 0, NULL, 0);
    unlock();
    return 0;
}
int fsync(int descriptor) { return synced(descriptor); }
int fdatasync(int descriptor) { return synced(descriptor); }
