// Asks the official verifiers about payloads: see README.md.
//
// oracle NAME            the verifier that flatc generated for monster, thing, telemetry or keeper
// oracle FILE.bfbs ROOT  the verifier that works from a binary schema
//
// Requests on stdin, each a length (u32, little-endian) and so many bytes; for each a line "1" or "0" on stdout, flushed
// whenever the next request has the length 0xffffffff.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "flatbuffers/reflection.h"
#include "keeper_generated.h"
#include "monster_generated.h"
#include "telemetry_generated.h"
#include "thing_generated.h"

namespace {

// The verifier from a binary schema reads offsets before it checks where they lie: up to 64 KiB behind the payload.
constexpr size_t kMargin = 1 << 17;

using Judge = std::function<bool(const uint8_t *, size_t)>;

Judge Generated(const std::string &name) {
  if (name == "monster")
    return [](const uint8_t *data, size_t size) {
      flatbuffers::Verifier verifier(data, size);
      return zoo::VerifyMonsterBuffer(verifier);
    };
  if (name == "thing")
    return [](const uint8_t *data, size_t size) {
      flatbuffers::Verifier verifier(data, size);
      return zoo::VerifyThingBuffer(verifier);
    };
  if (name == "keeper")
    return [](const uint8_t *data, size_t size) {
      flatbuffers::Verifier verifier(data, size);
      return zoo::VerifyKeeperBuffer(verifier);
    };
  return [](const uint8_t *data, size_t size) {
    flatbuffers::Verifier verifier(data, size);
    return telemetry::VerifyTelemetryBuffer(verifier);
  };
}

Judge Reflected(const std::string &schema_bytes, const std::string &root_name) {
  const auto *schema = reflection::GetSchema(schema_bytes.data());
  const auto *root = schema->objects()->LookupByKey(root_name.c_str());
  return [schema, root](const uint8_t *data, size_t size) { return flatbuffers::Verify(*schema, *root, data, size); };
}

}  // namespace

int main(int argc, char **argv) {
  std::string schema_bytes;
  Judge judge;
  if (argc == 2) {
    judge = Generated(argv[1]);
  } else {
    std::ifstream file(argv[1], std::ios::binary);
    schema_bytes.assign(std::istreambuf_iterator<char>(file), {});
    judge = Reflected(schema_bytes, argv[2]);
  }
  uint32_t size = 0;
  while (std::fread(&size, sizeof size, 1, stdin) == 1) {
    if (size == UINT32_MAX) {
      std::fflush(stdout);
      continue;
    }
    // 32 bytes: as aligned as any payload asks for. Behind it zeros, so that no verdict depends on what was there.
    std::vector<uint8_t> memory(size + kMargin + 32);
    auto *data = reinterpret_cast<uint8_t *>((reinterpret_cast<uintptr_t>(memory.data()) + 31) & ~uintptr_t{31});
    if (size && std::fread(data, 1, size, stdin) != size) return 1;
    std::puts(judge(data, size) ? "1" : "0");
  }
  return 0;
}
