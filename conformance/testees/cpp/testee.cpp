// The testee: one request a line on standard input, one reply a line on standard output. See PROTOCOL.md.
#include "flatstream.hpp"

#include <iostream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

namespace {

namespace fs = flatstream;
using nlohmann::json;

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

template <typename T>
T field(const json& request, const char* name, T otherwise) {  // an optional field; null counts as absent
    const auto found = request.find(name);
    return found == request.end() || found->is_null() ? otherwise : found->get<T>();
}

fs::Payload from_hex(const std::string& text) {
    fs::Payload bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
    return bytes;
}

std::string to_hex(fs::Bytes bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        text += "0123456789abcdef"[std::to_integer<int>(byte >> 4)];
        text += "0123456789abcdef"[std::to_integer<int>(byte & std::byte{15})];
    }
    return text;
}

// The source or the sink of a request, as slow and as faulty as it says.
struct Channel {
    fs::Payload data;                 // of a source: all bytes; of a sink: those that it took
    std::vector<std::size_t> chunks;  // bytes at each call; the last number stays in force
    std::size_t fault_after = unlimited, position = 0, calls = 0;

    std::size_t read(std::span<std::byte> to) {
        const auto n = portion(std::min(to.size(), data.size() - position));
        std::copy_n(data.end() - static_cast<std::ptrdiff_t>(data.size() - position), n, to.begin());
        position += n;
        return n;
    }

    std::size_t write(fs::Bytes from) {
        const auto taken = from.first(portion(from.size()));
        data.insert(data.end(), taken.begin(), taken.end());
        position += taken.size();
        return taken.size();
    }

    std::size_t portion(std::size_t len) {
        if (position >= fault_after) throw std::runtime_error("injected fault");
        return std::min({len, chunks[std::min(calls++, chunks.size() - 1)], fault_after - position});
    }
};

fs::Reader reader_of(const json& request, Channel& source) {
    source = {from_hex(request.at("wire")), field(request, "chunks", std::vector{unlimited}),
              field(request, "fault_after", unlimited)};
    return {[&](std::span<std::byte> to) { return source.read(to); }, fs::checksums.at(request.at("algorithm")),
            field(request, "max_frame_len", fs::default_max_frame_len)};
}

std::string wire_of(std::uint64_t value, std::size_t width) {
    fs::Payload bytes(width);
    fs::put_le(bytes, value);
    return to_hex(bytes);
}

json error_of(const fs::Error& error) {
    static constexpr std::array kinds{"unexpected_eof", "invalid_frame", "checksum_mismatch", "io"};  // as in fs::Kind
    json facts{{"kind", kinds.at(error.kind.index())}, {"offset", error.offset}};
    if (const auto* bound = std::get_if<fs::InvalidFrame>(&error.kind))
        facts.update({{"declared_len", bound->declared_len}, {"limit", bound->limit}});
    if (const auto* sums = std::get_if<fs::ChecksumMismatch>(&error.kind))
        facts.update({{"expected", wire_of(sums->expected, sums->width)},
                      {"calculated", wire_of(sums->calculated, sums->width)}});
    return facts;
}

json start(const json&) {
    return {{"implementation", {{"name", "cpp"}, {"version", "1"}, {"language", "C++"}}},
            {"algorithms", {"none", "crc16", "crc32", "xxh3_64"}},
            {"ops", {"start", "checksum", "frame", "deframe", "recover"}},
            {"features", {"chunked", "faults", "short_writes", "sink_faults", "exact_reads", "offsets", "empty_tail"}}};
}

json checksum(const json& request) {
    const auto& chosen = fs::checksums.at(request.at("algorithm"));
    return {{"checksum", wire_of(chosen.of(from_hex(request.at("data"))), chosen.width)}};
}

json frame(const json& request) {
    json reply;
    Channel sink{{}, {field(request, "sink_chunk", unlimited)}, field(request, "sink_fault_after", unlimited)};
    fs::Writer writer([&](fs::Bytes from) { return sink.write(from); }, fs::checksums.at(request.at("algorithm")),
                      field(request, "max_payload_len", fs::max_payload_len));
    try {
        for (const json& payload : request.at("payloads")) writer.write(from_hex(payload));
    } catch (const fs::Error& error) {
        reply["error"] = error_of(error);
    }
    reply["wire"] = to_hex(sink.data);
    return reply;
}

json deframe(const json& request) {
    json payloads = json::array(), reply{{"end", "stopped"}};
    Channel source;
    auto reader = reader_of(request, source);
    const auto stop_after = field(request, "stop_after", unlimited);
    try {
        while (payloads.size() < stop_after && reply["end"] == "stopped")
            if (const auto payload = reader.next()) payloads.push_back(to_hex(*payload));
            else reply["end"] = "clean";
    } catch (const fs::Error& error) {
        reply = {{"end", "error"}, {"error", error_of(error)}};
    }
    reply.update({{"payloads", payloads}, {"consumed", source.position}});
    return reply;
}

json recover(const json& request) try {
    Channel source;
    auto reader = reader_of(request, source);
    const auto report = fs::scan(reader);
    return {{"frames", report.frames}, {"last_good_offset", report.last_good_offset},
            {"empty_tail", report.empty_tail}, {"end", report.torn ? "torn_tail" : "clean_eof"}};
} catch (const fs::Error& error) {
    return {{"error", error_of(error)}};
}

json answer(const json& request) try {
    static const std::map<std::string, json (*)(const json&)> ops{
        {"start", start}, {"checksum", checksum}, {"frame", frame}, {"deframe", deframe}, {"recover", recover}};
    return ops.at(request.at("op"))(request);
} catch (const std::exception& error) {
    return {{"errored", error.what()}};
}

}  // namespace

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        const json request = json::parse(line);
        json reply = answer(request);
        reply["seq"] = request.at("seq");
        std::cout << reply << std::endl;
    }
}
