// IDX files, plain and gzip.
#include "experiments/lab/idx.h"

#include <cstdlib>

#include "tests/fuzz/target.h"

using namespace gradus;

namespace {

std::string encoded(const lab::IdxFile& file) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(file.shape.size())};
  for (const std::int64_t extent : file.shape)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(extent >> shift);
  return bytes.append(file.bytes.begin(), file.bytes.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ::setenv("GRADUS_CACHE", "off", 1);
  const std::filesystem::path path = fuzz::file_with(fuzz::text_of(data, size));
  for (const int rank : {1, 3}) {
    lab::IdxFile file;
    if (!fuzz::accepts<std::runtime_error>(path.string(), [&] { file = lab::read_idx(path, rank); })) continue;
    std::int64_t elements = 1;
    for (const std::int64_t extent : file.shape) elements *= extent;
    fuzz::require(std::ssize(file.shape) == rank && std::ssize(file.bytes) == elements, "the bytes fill the shape");
    const std::filesystem::path again = fuzz::file_with(encoded(file), "again");
    const lab::IdxFile read = lab::read_idx(again, rank);
    fuzz::require(read.shape == file.shape && read.bytes == file.bytes, "a file written again is the same");
    fuzz::refusal().clear();
    return 0;
  }
  fuzz::accepts<std::runtime_error>(path.string(), [&] { lab::read_labelled_images(path, path); });
  return 0;
}
