// The unzipped copies of IDX files: one that is not what was left is none.
#include "experiments/lab/idx_cache.h"

#include <cstdlib>

#include "experiments/records/files.h"
#include "tests/fuzz/target.h"

using namespace gradus;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lab::FileState file{"/data/images.gz", 100, 200, 300};
  ::setenv("GRADUS_CACHE", fuzz::scratch().c_str(), 1);
  fuzz::file_with(fuzz::text_of(data, size), records::sha256(file.path.string()).substr(0, 32) + ".idx");
  const std::optional<lab::IdxFile> copy = lab::cached_idx(file);
  if (!copy) fuzz::refusal() = "no copy of this file";
  if (!copy) return 0;
  std::int64_t elements = 1;
  for (const std::int64_t extent : copy->shape) elements *= extent;
  fuzz::require(std::ssize(copy->bytes) == elements, "the bytes fill the shape");
  return 0;
}
