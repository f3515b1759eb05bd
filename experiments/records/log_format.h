// What metric_log.cpp writes and log_contents.cpp reads. Each frame is length (uint32), CRC-32 of the
// payload (uint32) and payload, little-endian; the payload's first byte says what it is: 'C' the run's configuration
// (JSON; the first frame, and no other), 'T' a table (JSON), 'A' attributes (JSON), 'I' attributes that are infinite,
// which JSON does not know (JSON: 1 or -1), 'R' a row (uint16 table, int64 index, float64 values), 'G' that the run
// went on from a checkpoint (JSON: a RunPosition, run_position.h): rows beyond those that it counts do not count.
#pragma once

#include <bit>
#include <boost/crc.hpp>
#include <cstddef>
#include <cstdint>

#include "experiments/records/run_table.h"

namespace gradus::records::log_format {

static_assert(std::endian::native == std::endian::little, "the log is little-endian");

inline constexpr std::size_t frame_head = 8;
inline constexpr std::size_t row_head = 1 + sizeof(std::uint16_t) + sizeof(std::int64_t);
inline constexpr std::size_t max_payload = row_head + sizeof(double) * MetricTable::most_numbers;
inline constexpr std::size_t max_text = 4 << 20;

inline std::uint32_t crc_of(const char* data, std::size_t size) {
  boost::crc_32_type crc;
  crc.process_bytes(data, size);
  return crc.checksum();
}

}  // namespace gradus::records::log_format
