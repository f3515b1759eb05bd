// The checksums of a log's frames (experiments/records/log_format.h).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "experiments/records/log_format.h"

namespace gradus::fuzz {

// Frames whose checksums hold. A frame that is longer than what is left ends with it.
inline std::string reframed(std::string bytes) {
  for (std::size_t at = 0; at + records::log_format::frame_head < bytes.size();) {
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data() + at, sizeof length);
    const std::size_t left = bytes.size() - at - records::log_format::frame_head;
    if (length == 0 || length > left) length = static_cast<std::uint32_t>(left);
    const std::uint32_t crc = records::log_format::crc_of(bytes.data() + at + records::log_format::frame_head, length);
    std::memcpy(bytes.data() + at, &length, sizeof length);
    std::memcpy(bytes.data() + at + sizeof length, &crc, sizeof crc);
    at += records::log_format::frame_head + length;
  }
  return bytes;
}

}  // namespace gradus::fuzz
