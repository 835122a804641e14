/* FlatStream in C11: frames over any source and sink of bytes. Rule ids (R6, S4, ...) are those of SPEC.md. */
#ifndef FLATSTREAM_H
#define FLATSTREAM_H

#include <stddef.h>
#include <stdint.h>

enum { FS_LENGTH_SIZE = 4, FS_MAX_WIDTH = 8 };
#define FS_DEFAULT_MAX_FRAME_LEN UINT32_C(0x80000000) /* R4 */
#define FS_MAX_PAYLOAD_LEN UINT32_MAX                 /* W8 */

/* FS_END is the clean end (R1). Of a reader, those after FS_CHECKSUM_MISMATCH stick (R10). */
typedef enum { FS_OK, FS_END, FS_CHECKSUM_MISMATCH, FS_INVALID_FRAME, FS_UNEXPECTED_EOF, FS_IO } fs_status;

/* What happened last, and its facts (E1): each holds under the status named beside it, the offset always (E2). */
typedef struct {
    fs_status status;
    uint64_t offset;                                          /* of the first length byte of the frame concerned */
    uint64_t declared_len, limit;                             /* FS_INVALID_FRAME */
    uint8_t expected[FS_MAX_WIDTH], calculated[FS_MAX_WIDTH]; /* FS_CHECKSUM_MISMATCH: the N wire bytes (R13) */
    int cause;                                                /* FS_IO: the errno value, ENOMEM among them */
} fs_outcome;

/* The value is N, the width in bytes. */
typedef enum { FS_NONE = 0, FS_CRC16 = 2, FS_CRC32 = 4, FS_XXH3_64 = FS_MAX_WIDTH } fs_algorithm;

/* The N wire bytes of the checksum (W4). */
void fs_checksum(fs_algorithm algorithm, const void *payload, size_t len, uint8_t wire[FS_MAX_WIDTH]);

/* Fill in the first four fields, the others are zero. `read` gives 1 to len bytes, 0 at the end, or -1 and errno. */
typedef struct {
    ptrdiff_t (*read)(void *source, void *to, size_t len);
    void *source;
    fs_algorithm algorithm;
    uint32_t max_frame_len;
    fs_outcome last;
    uint64_t offset;              /* where the next frame begins */
    uint64_t frames, empty_tail;  /* that were read; how many of the last ones are empty (C6) */
    uint8_t *frame;               /* what has arrived of a frame; to be freed after the last call */
    const uint8_t *payload;       /* within `frame`, valid until the next call */
    size_t filled, capacity, len; /* bytes in `frame`, room for them, bytes of the payload */
} fs_reader;

fs_status fs_read(fs_reader *reader); /* reads the next payload */

/* Recovery is to read on to the first status that is not FS_OK. FS_END: the stream is whole (C1). FS_UNEXPECTED_EOF:
   its tail is torn, and may be cut off at `offset` (C2). Every other one forbids this (C3). */

/* Fill in the first four fields, the others are zero. `write` takes 1 to len bytes, or gives -1 and errno. */
typedef struct {
    ptrdiff_t (*write)(void *sink, const void *from, size_t len);
    void *sink;
    fs_algorithm algorithm;
    uint32_t max_payload_len;
    fs_outcome last;
    uint64_t offset; /* where the next frame begins */
} fs_writer;

/* Writes one frame. After FS_INVALID_FRAME the sink has nothing of it (S2). FS_IO sticks (S4). */
fs_status fs_write(fs_writer *writer, const void *payload, size_t len);

#endif
