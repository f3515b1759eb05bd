// What an IDX file holds (idx.h).
#pragma once

#include <cstdint>
#include <vector>

namespace gradus::lab {

struct IdxFile {
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> bytes;
};

}  // namespace gradus::lab
