// Reads what hdf5.h writes, from bytes in memory that the caller has verified.
#pragma once

#include <cstdint>
#include <string>

#include "autodiff/tensor/tensor.h"
#include "experiments/lab/hdf5.h"

namespace gradus::lab::h5 {

// An HDF5 file in memory. It follows no soft or external link, no external storage and no virtual dataset, and reads a
// dataset only if its numbers lie in the file as they are (contiguous, without filters), so that nothing can be larger
// than the file is. All members throw std::runtime_error with the path and what is wrong.
class Reader {
 public:
  // The path serves messages only. The bytes must outlive the reader.
  Reader(const std::string& bytes, std::string path);

  // An attribute of the root, or of a group of it.
  std::string text(const std::string& name) const;
  std::int64_t integer(const std::string& group, const std::string& name) const;
  double number(const std::string& group, const std::string& name) const;
  // A dataset of this type and shape in a group ("" for the root); another type or shape is an error.
  Tensor tensor(const std::string& group, const std::string& name, const Shape& shape, DType type) const;

 private:
  Handle group(const std::string& name) const;
  void attribute(const std::string& group, const std::string& name, Handle::Id type, void* value) const;
  std::string path_;
  std::uint64_t file_bytes_;
  Handle file_;
};

}  // namespace gradus::lab::h5
