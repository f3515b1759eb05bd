// A file from which a computation goes on with the same bits: arrays, numbers and texts.
//
// The file is HDF5 behind a block of 512 bytes (state_image.h), so that a damaged file is refused before HDF5 looks at
// it.
//   /theta              the parameters, [P], of an optimizer's state
//   /tensors/NAME       tensors of the state, in the element type in which they are kept
//   /counters@NAME      whole numbers (attributes), /numbers@NAME  real ones
//   @NAME               texts that say what it is
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "experiments/records/hdf5_object.h"

namespace gradus::records {

// A row-major array in memory of its own.
struct StoredArray {
  std::vector<std::int64_t> shape;
  std::variant<std::span<const float>, std::span<const double>> elements;

  std::size_t size_bytes() const {
    return std::visit([](const auto& numbers) { return numbers.size_bytes(); }, elements);
  }
};

struct StateContents {
  std::string label = {};  // in the block
  std::map<std::string, std::string> texts = {};
  std::optional<StoredArray> theta = {};
  std::map<std::string, StoredArray> tensors = {};
  std::map<std::string, std::int64_t> counters = {};
  std::map<std::string, double> numbers = {};
};

// Writes the file as a whole, or throws std::runtime_error with the path and leaves an old one as it is.
void write_state_file(const std::filesystem::path& path, const StateContents& contents);

// A file that was written so. It follows no soft or external link, no external storage and no virtual dataset, and
// reads an array only if its numbers lie in the file as they are (contiguous, without filters), so that nothing can be
// larger than the file is. All members throw std::runtime_error with the path and what is wrong.
class StateFile {
 public:
  explicit StateFile(std::filesystem::path path);

  std::string text(const std::string& name) const;
  std::int64_t counter(const std::string& name) const;
  double number(const std::string& name) const;
  // An array in a group ("" for the root) into memory for as many elements, float or double, which is asked for when
  // the file is known to hold an array of this type and shape; another one is an error.
  template <class T>
  void read(const std::string& group, const std::string& name, std::span<const std::int64_t> shape,
            const std::function<std::span<T>()>& memory) const;

 private:
  h5::Object group(const std::string& name) const;
  void attribute(const std::string& group, const std::string& name, h5::Object::Id type, void* value) const;
  std::string path_;  // for messages: "PATH: cannot read"
  std::uint64_t file_bytes_ = 0;
  h5::Object file_;
};

}  // namespace gradus::records
