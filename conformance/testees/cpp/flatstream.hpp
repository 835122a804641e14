// FlatStream in C++20: frames over any source and sink of bytes. Rule ids (R6, S4, ...) are those of SPEC.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>
#include <xxhash.h>
#include <zlib.h>

namespace flatstream {

using Bytes = std::span<const std::byte>;
using Payload = std::vector<std::byte>;

inline constexpr std::size_t length_size = 4, max_width = 8;
inline constexpr std::uint32_t default_max_frame_len = 0x8000'0000;  // R4
inline constexpr std::uint32_t max_payload_len = 0xFFFF'FFFF;        // W8

// Gives 1 to to.size() bytes, 0 at the end. It repeats an interrupted call (R7) and throws if it fails.
using Source = std::function<std::size_t(std::span<std::byte> to)>;

// Takes 1 to from.size() bytes. It repeats an interrupted call and throws if it fails.
using Sink = std::function<std::size_t(Bytes from)>;

inline std::uint64_t get_le(Bytes from) {
    std::uint64_t value = 0;
    for (std::size_t i = from.size(); i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(from[i]);
    return value;
}

inline void put_le(std::span<std::byte> to, std::uint64_t value) {
    for (std::byte& byte : to) {
        byte = static_cast<std::byte>(value);
        value >>= 8;
    }
}

// CRC-16/XMODEM, which zlib and libxxhash lack. Bit by bit it can be checked against the polynomial by eye.
inline std::uint64_t crc16(Bytes payload) {
    unsigned crc = 0;
    for (const std::byte byte : payload) {
        crc ^= std::to_integer<unsigned>(byte) << 8;
        for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ (crc & 0x8000 ? 0x1'1021 : 0);
    }
    return crc;
}

struct Checksum {
    std::size_t width;  // N, in bytes
    std::uint64_t (*of)(Bytes payload);
};

inline const std::map<std::string, Checksum> checksums{  // W3
    {"none", {0, [](Bytes) -> std::uint64_t { return 0; }}},
    {"crc16", {2, crc16}},
    {"crc32", {4, [](Bytes payload) -> std::uint64_t {
        return crc32_z(0, reinterpret_cast<const Bytef*>(payload.data()), payload.size());
    }}},
    {"xxh3_64", {8, [](Bytes payload) -> std::uint64_t { return XXH3_64bits(payload.data(), payload.size()); }}}};

// The kinds of errors with their facts (E1). There is no validator here, so there are four.
struct UnexpectedEof {};
struct InvalidFrame { std::uint64_t declared_len, limit; };
struct ChecksumMismatch { std::uint64_t expected, calculated; std::size_t width; };
struct Io { std::exception_ptr cause; };
using Kind = std::variant<UnexpectedEof, InvalidFrame, ChecksumMismatch, Io>;

struct Error : std::runtime_error {
    Error(Kind what, std::uint64_t frame) : runtime_error("flatstream"), kind(std::move(what)), offset(frame) {}
    Kind kind;
    std::uint64_t offset;  // of the first length byte of the frame concerned (E2)
};

class Reader {
public:
    Reader(Source source, Checksum checksum, std::uint32_t max_frame_len = default_max_frame_len)
        : source_(std::move(source)), checksum_(checksum), max_frame_len_(max_frame_len) {}

    std::uint64_t offset() const { return offset_; }  // where the next frame begins

    // The next payload, or nothing at a clean end (R1). Every Error but ChecksumMismatch sticks (R10).
    std::optional<Payload> next() {
        if (stuck_) throw *stuck_;
        std::array<std::byte, length_size> length_field;
        if (!fill(length_field)) return std::nullopt;
        const auto length = static_cast<std::size_t>(get_le(length_field));
        if (length > max_frame_len_) fail(InvalidFrame{length, max_frame_len_});  // before any memory (R3)
        std::array<std::byte, max_width> field;
        const std::span<std::byte> checksum_field(field.data(), checksum_.width);
        if (!fill(checksum_field)) fail(UnexpectedEof{});
        Payload payload = read_payload(length);

        const auto frame = std::exchange(offset_, offset_ + length_size + checksum_.width + length);
        const auto expected = get_le(checksum_field), calculated = checksum_.of(payload);
        if (expected != calculated) throw Error(ChecksumMismatch{expected, calculated, checksum_.width}, frame);
        return payload;
    }

private:
    [[noreturn]] void fail(Kind kind) { throw stuck_.emplace(std::move(kind), offset_); }

    // Asks for what is missing of one field and never for more (R9). False if the source ends before its first byte.
    bool fill(std::span<std::byte> field) {
        for (auto rest = field; !rest.empty();) {
            std::size_t n = 0;
            try { n = source_(rest); } catch (...) { fail(Io{std::current_exception()}); }
            if (n == 0 && rest.size() == field.size()) return false;
            if (n == 0) fail(UnexpectedEof{});
            rest = rest.subspan(n);
        }
        return true;
    }

    // In pieces, so that memory follows the bytes that arrive (R6), joined once all are there.
    Payload read_payload(std::size_t length) try {
        static constexpr std::size_t piece_size = 512 * 1024;
        std::vector<Payload> pieces(1);
        for (std::size_t left = length; left > 0; left -= pieces.back().size())
            if (!fill(pieces.emplace_back(std::min(left, piece_size)))) fail(UnexpectedEof{});
        if (length <= piece_size) return std::move(pieces.back());
        Payload payload;
        payload.reserve(length);
        for (const Payload& piece : pieces) payload.insert(payload.end(), piece.begin(), piece.end());
        return payload;
    } catch (const std::bad_alloc&) {
        fail(Io{std::current_exception()});
    }

    Source source_;
    Checksum checksum_;
    std::uint32_t max_frame_len_;
    std::uint64_t offset_ = 0;
    std::optional<Error> stuck_;
};

struct Report {
    std::uint64_t frames = 0, last_good_offset = 0, empty_tail = 0;
    bool torn = false;  // only then may the file be cut at last_good_offset (C2)
};

// Reads to the end. Throws every error but UnexpectedEof: the others forbid a report (C3).
inline Report scan(Reader& reader) {
    Report report;
    try {
        for (; const auto payload = reader.next(); ++report.frames)
            report.empty_tail = payload->empty() ? report.empty_tail + 1 : 0;
    } catch (const Error& error) {
        report.torn = std::holds_alternative<UnexpectedEof>(error.kind);
        if (!report.torn) throw;
    }
    report.last_good_offset = reader.offset();
    return report;
}

class Writer {
public:
    Writer(Sink sink, Checksum checksum, std::uint32_t limit = max_payload_len)
        : sink_(std::move(sink)), checksum_(checksum), limit_(limit) {}

    // Writes one frame. After InvalidFrame the sink has nothing of it (S2); Io sticks (S4).
    void write(Bytes payload) {
        if (failed_) throw *failed_;
        if (payload.size() > limit_) throw Error(InvalidFrame{payload.size(), limit_}, offset_);
        std::array<std::byte, length_size + max_width> field;
        const auto header = std::span(field).first(length_size + checksum_.width);
        put_le(header.first(length_size), payload.size());
        put_le(header.subspan(length_size), checksum_.of(payload));
        drain(header);
        drain(payload);
        offset_ += header.size() + payload.size();
    }

private:
    void drain(Bytes rest) try {
        while (!rest.empty()) {
            const std::size_t n = sink_(rest);
            if (n == 0) throw std::runtime_error("the sink takes no bytes");  // it would be asked for ever (S1)
            rest = rest.subspan(n);
        }
    } catch (...) {
        throw failed_.emplace(Io{std::current_exception()}, offset_);
    }

    Sink sink_;
    Checksum checksum_;
    std::uint32_t limit_;
    std::uint64_t offset_ = 0;
    std::optional<Error> failed_;
};

}  // namespace flatstream
