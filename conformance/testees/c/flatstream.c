#include "flatstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>

_Static_assert(SIZE_MAX > UINT32_MAX, "the length of a whole frame must fit a size_t");

/* R6 allows 1 MiB beyond the bytes that arrived. A fixed step keeps to that, and doubling would not. */
static const size_t GROWTH_STEP = 512 * 1024;

/* CRC-16/XMODEM, which zlib and libxxhash lack. Bit by bit it can be checked against the polynomial by eye. */
static uint64_t crc16(const void *payload, size_t len) {
    uint16_t crc = 0;
    for (const uint8_t *byte = payload; len-- > 0; byte++) {
        crc ^= (uint16_t)(*byte << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc;
}

static void put_le(uint8_t *to, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++, value >>= 8)
        to[i] = (uint8_t)value;
}

void fs_checksum(fs_algorithm algorithm, const void *payload, size_t len, uint8_t wire[FS_MAX_WIDTH]) {
    const uint64_t value = algorithm == FS_CRC16     ? crc16(payload, len)
                           : algorithm == FS_CRC32   ? crc32_z(0, payload, len)
                           : algorithm == FS_XXH3_64 ? XXH3_64bits(payload, len) : 0;
    put_le(wire, value, algorithm);
}

/* Reads until len bytes of the frame are there and never asks for more (R9). Tries an interrupted read again (R7). */
static fs_status fill(fs_reader *reader, size_t len) {
    while (reader->filled < len) {
        if (reader->filled == reader->capacity) {
            uint8_t *grown = realloc(reader->frame, reader->capacity + GROWTH_STEP);
            if (grown == NULL)
                return FS_IO;
            reader->frame = grown;
            reader->capacity += GROWTH_STEP;
        }
        size_t end = len < reader->capacity ? len : reader->capacity;
        ptrdiff_t n = reader->read(reader->source, reader->frame + reader->filled, end - reader->filled);
        if (n == 0)
            return reader->filled == 0 ? FS_END : FS_UNEXPECTED_EOF;
        if (n < 0 && errno != EINTR)
            return FS_IO;
        reader->filled += n > 0 ? (size_t)n : 0;
    }
    return FS_OK;
}

static fs_status read_frame(fs_reader *reader) {
    const size_t width = reader->algorithm, header_len = FS_LENGTH_SIZE + width;
    uint32_t length = 0;
    reader->filled = 0;
    fs_status status = fill(reader, FS_LENGTH_SIZE);
    if (status != FS_OK)
        return status;
    for (int i = FS_LENGTH_SIZE; i-- > 0;)
        length = length << 8 | reader->frame[i];
    reader->last.declared_len = length;
    if (length > reader->max_frame_len) /* before the checksum field and any memory for it (R3) */
        return FS_INVALID_FRAME;
    status = fill(reader, header_len + length);
    if (status != FS_OK)
        return status;
    reader->offset += header_len + length; /* also past a frame that is damaged inside (R10) */
    reader->payload = reader->frame + header_len;
    reader->len = length;
    memcpy(reader->last.expected, reader->frame + FS_LENGTH_SIZE, width);
    fs_checksum(reader->algorithm, reader->payload, length, reader->last.calculated);
    if (memcmp(reader->last.expected, reader->last.calculated, width) != 0)
        return FS_CHECKSUM_MISMATCH;
    reader->frames++;
    reader->empty_tail = length == 0 ? reader->empty_tail + 1 : 0;
    return FS_OK;
}

fs_status fs_read(fs_reader *reader) {
    if (reader->last.status <= FS_CHECKSUM_MISMATCH) {
        reader->last = (fs_outcome){.offset = reader->offset, .limit = reader->max_frame_len};
        reader->last.status = read_frame(reader);
        reader->last.cause = errno;
    }
    return reader->last.status;
}

/* Hands over all of it (S1), or gives the errno value. An interrupted write is tried again. */
static int drain(fs_writer *writer, const uint8_t *from, size_t len) {
    for (ptrdiff_t n; len > 0; from += n, len -= (size_t)n) {
        n = writer->write(writer->sink, from, len);
        if (n < 0 && errno == EINTR)
            n = 0;
        else if (n <= 0) /* a sink that takes nothing would be asked for ever */
            return n == 0 ? EIO : errno;
    }
    return 0;
}

fs_status fs_write(fs_writer *writer, const void *payload, size_t len) {
    if (writer->last.status == FS_IO)
        return FS_IO;
    writer->last = (fs_outcome){.offset = writer->offset, .declared_len = len, .limit = writer->max_payload_len};
    if (len > writer->max_payload_len)
        return writer->last.status = FS_INVALID_FRAME;
    uint8_t header[FS_LENGTH_SIZE + FS_MAX_WIDTH];
    const size_t header_len = (size_t)FS_LENGTH_SIZE + writer->algorithm;
    put_le(header, len, FS_LENGTH_SIZE);
    fs_checksum(writer->algorithm, payload, len, header + FS_LENGTH_SIZE);
    writer->last.cause = drain(writer, header, header_len);
    if (writer->last.cause == 0)
        writer->last.cause = drain(writer, payload, len);
    writer->offset += header_len + len;
    return writer->last.status = writer->last.cause == 0 ? FS_OK : FS_IO;
}
