// Mutations of what has a digest or a checksum: without it made right again, they would only ever be found damaged.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

// Of libFuzzer; not there in a driver that replays a corpus, which mutates nothing.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed);

namespace gradus::fuzz {

// A mutation as libFuzzer makes it, and in seven of eight cases repaired.
template <class Repair>
std::size_t mutate_and_repair(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed, Repair&& repair) {
  size = LLVMFuzzerMutate(data, size, most);
  if (seed % 8 == 0) return size;
  const std::string repaired = repair(std::string(reinterpret_cast<const char*>(data), size));
  size = std::min(repaired.size(), most);
  std::memcpy(data, repaired.data(), size);
  return size;
}

}  // namespace gradus::fuzz
