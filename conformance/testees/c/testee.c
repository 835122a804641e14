/* The testee: one request a line on standard input, one reply a line on standard output. See PROTOCOL.md. */
#include "flatstream.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The source or the sink of a request, as slow and as faulty as it says. A sink goes to the standard output. */
typedef struct {
    const char *data;
    size_t len, position, at_most, fault_after;
    const cJSON *chunk; /* the next one of `chunks`; the last number stays in force */
} stream;

static size_t number(const cJSON *request, const char *name, size_t otherwise) {
    const cJSON *item = cJSON_GetObjectItem(request, name);
    return cJSON_IsNumber(item) ? (size_t)item->valuedouble : otherwise;
}

static fs_algorithm algorithm_of(const cJSON *request) {
    const char *name = cJSON_GetObjectItem(request, "algorithm")->valuestring;
    return strcmp(name, "crc16") == 0     ? FS_CRC16
           : strcmp(name, "crc32") == 0   ? FS_CRC32
           : strcmp(name, "xxh3_64") == 0 ? FS_XXH3_64 : FS_NONE;
}

/* Turns hexadecimal digits into their bytes, in the same place, and gives the number of bytes. */
static size_t decode(char *hex) {
    const size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++)
        hex[i] = (char)strtoul((const char[]){hex[2 * i], hex[2 * i + 1], '\0'}, NULL, 16);
    return len;
}

static void put_hex(const char *before, const uint8_t *data, size_t len, const char *after) {
    fputs(before, stdout);
    for (size_t i = 0; i < len; i++)
        printf("%02x", data[i]);
    fputs(after, stdout);
}

/* The error of a reply, if there was one. */
static void put_error(const fs_outcome *last, size_t width) {
    static const char *const kinds[] = {[FS_UNEXPECTED_EOF] = "unexpected_eof", [FS_INVALID_FRAME] = "invalid_frame",
                                        [FS_CHECKSUM_MISMATCH] = "checksum_mismatch", [FS_IO] = "io"};
    if (kinds[last->status] == NULL)
        return;
    printf(",\"error\":{\"kind\":\"%s\",\"offset\":%" PRIu64, kinds[last->status], last->offset);
    if (last->status == FS_INVALID_FRAME)
        printf(",\"declared_len\":%" PRIu64 ",\"limit\":%" PRIu64, last->declared_len, last->limit);
    if (last->status == FS_CHECKSUM_MISMATCH) {
        put_hex(",\"expected\":\"", last->expected, width, "\"");
        put_hex(",\"calculated\":\"", last->calculated, width, "\"");
    }
    putchar('}');
}

/* How many of len bytes go through now, or -1 and errno. */
static ptrdiff_t portion(stream *s, size_t len) {
    if (s->chunk != NULL) {
        s->at_most = (size_t)s->chunk->valuedouble;
        s->chunk = s->chunk->next;
    }
    const size_t bounds[] = {s->at_most, s->len - s->position, s->fault_after - s->position};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        len = bounds[i] < len ? bounds[i] : len;
    errno = EIO;
    s->position += len;
    return len > 0 || s->position < s->fault_after ? (ptrdiff_t)len : -1;
}

static ptrdiff_t read_wire(void *source, void *to, size_t len) {
    stream *s = source;
    ptrdiff_t n = portion(s, len);
    if (n > 0)
        memcpy(to, s->data + s->position - n, (size_t)n);
    return n;
}

static ptrdiff_t write_wire(void *sink, const void *from, size_t len) {
    ptrdiff_t n = portion(sink, len);
    put_hex("", from, n > 0 ? (size_t)n : 0, "");
    return n;
}

static fs_reader open_reader(const cJSON *request, stream *s) {
    char *wire = cJSON_GetObjectItem(request, "wire")->valuestring;
    *s = (stream){.data = wire, .len = decode(wire), .at_most = SIZE_MAX,
                  .fault_after = number(request, "fault_after", SIZE_MAX),
                  .chunk = cJSON_GetArrayItem(cJSON_GetObjectItem(request, "chunks"), 0)};
    return (fs_reader){.read = read_wire, .source = s, .algorithm = algorithm_of(request),
                       .max_frame_len = (uint32_t)number(request, "max_frame_len", FS_DEFAULT_MAX_FRAME_LEN)};
}

static void start(const cJSON *request) {
    (void)request;
    fputs(",\"implementation\":{\"name\":\"c\",\"version\":\"1\",\"language\":\"C\"}"
          ",\"algorithms\":[\"none\",\"crc16\",\"crc32\",\"xxh3_64\"]"
          ",\"ops\":[\"start\",\"checksum\",\"frame\",\"deframe\",\"recover\"]"
          ",\"features\":[\"chunked\",\"faults\",\"short_writes\",\"sink_faults\",\"exact_reads\",\"offsets\""
          ",\"empty_tail\"]", stdout);
}

static void checksum(const cJSON *request) {
    char *data = cJSON_GetObjectItem(request, "data")->valuestring;
    uint8_t wire[FS_MAX_WIDTH];
    fs_algorithm algorithm = algorithm_of(request);
    fs_checksum(algorithm, data, decode(data), wire);
    put_hex(",\"checksum\":\"", wire, algorithm, "\"");
}

static void frame(const cJSON *request) {
    stream s = {.len = SIZE_MAX, .at_most = number(request, "sink_chunk", SIZE_MAX),
                .fault_after = number(request, "sink_fault_after", SIZE_MAX)};
    fs_writer writer = {.write = write_wire, .sink = &s, .algorithm = algorithm_of(request),
                        .max_payload_len = (uint32_t)number(request, "max_payload_len", FS_MAX_PAYLOAD_LEN)};
    const cJSON *payload;
    fputs(",\"wire\":\"", stdout);
    cJSON_ArrayForEach(payload, cJSON_GetObjectItem(request, "payloads"))
        if (writer.last.status == FS_OK)
            fs_write(&writer, payload->valuestring, decode(payload->valuestring));
    putchar('"');
    put_error(&writer.last, writer.algorithm);
}

static void deframe(const cJSON *request) {
    stream s;
    fs_reader reader = open_reader(request, &s);
    const size_t stop_after = number(request, "stop_after", SIZE_MAX);
    fputs(",\"payloads\":[", stdout);
    while (reader.frames < stop_after && fs_read(&reader) == FS_OK)
        put_hex(reader.frames == 1 ? "\"" : ",\"", reader.payload, reader.len, "\"");
    fs_status status = reader.last.status;
    printf("],\"consumed\":%zu,\"end\":\"%s\"", s.position,
           status == FS_OK ? "stopped" : status == FS_END ? "clean" : "error");
    put_error(&reader.last, reader.algorithm);
    free(reader.frame);
}

static void recover(const cJSON *request) {
    stream s;
    fs_reader reader = open_reader(request, &s);
    while (fs_read(&reader) == FS_OK) {}
    fs_status status = reader.last.status;
    if (status == FS_END || status == FS_UNEXPECTED_EOF)
        printf(",\"frames\":%" PRIu64 ",\"last_good_offset\":%" PRIu64 ",\"empty_tail\":%" PRIu64 ",\"end\":\"%s\"",
               reader.frames, reader.offset, reader.empty_tail, status == FS_END ? "clean_eof" : "torn_tail");
    else
        put_error(&reader.last, reader.algorithm);
    free(reader.frame);
}

int main(void) {
    static const struct {
        const char *name;
        void (*answer)(const cJSON *request);
    } ops[] = {{"start", start}, {"checksum", checksum}, {"frame", frame}, {"deframe", deframe}, {"recover", recover}};
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        cJSON *request = cJSON_Parse(line);
        const char *op = cJSON_GetObjectItem(request, "op")->valuestring;
        printf("{\"seq\":%zu", number(request, "seq", 0));
        for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
            if (strcmp(ops[i].name, op) == 0)
                ops[i].answer(request);
        puts("}");
        fflush(stdout);
        cJSON_Delete(request);
    }
    free(line);
}
