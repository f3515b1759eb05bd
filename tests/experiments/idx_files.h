// IDX files as the tests of data make them.
#pragma once

#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/files.h"

namespace gradus {

inline std::string gzipped(const std::string& bytes) {
  std::string packed;
  {
    boost::iostreams::filtering_ostream stream;
    stream.push(boost::iostreams::gzip_compressor());
    stream.push(boost::iostreams::back_inserter(packed));
    stream << bytes;
  }
  return packed;
}

inline std::string idx_bytes(const std::vector<std::uint32_t>& shape, const std::string& data, char type = 0x08) {
  std::string bytes{0, 0, type, static_cast<char>(shape.size())};
  for (const std::uint32_t extent : shape)
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(extent >> shift & 0xff);
  return bytes + data;
}

}  // namespace gradus
