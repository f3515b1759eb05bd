// The only place that knows HDF5's C API. Nothing is printed by the library: every failure is thrown as
// std::runtime_error with the path and the library's own reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "experiments/records/hdf5_object.h"

namespace gradus::records::h5 {

// A dataset, with what it needs to become an axis of others.
class Array {
 public:
  void attribute(const std::string& name, const std::string& text);
  void attribute(const std::string& name, std::span<const std::int64_t> values);

 private:
  friend class Node;
  Array(Object handle, std::string path, std::size_t rows)
      : handle_(std::move(handle)), path_(std::move(path)), rows_(rows) {}
  Object handle_;
  std::string path_;  // for messages: "PATH: cannot write"
  std::size_t rows_;
};

// The root of a file, or a group in it.
class Node {
 public:
  Node group(const std::string& name);
  // A dimension scale: the coordinate of an axis.
  Array scale(const std::string& name, std::span<const std::int64_t> values);
  // Numbers along the axis of a scale of the same length, in the same group or one above.
  Array numbers(const std::string& name, std::span<const double> values, const Array& scale);
  // Rows of `columns` numbers each, along two scales; stored as float32 if they were that to begin with.
  Array vectors(const std::string& name, std::span<const double> values, const Array& rows, const Array& columns,
                bool single_precision);

  // Texts along the axis of a scale of the same length.
  void texts(const std::string& name, std::span<const std::string> values, const Array& scale);

  // float32 or float64 of any shape, as it is in memory: contiguous, without filters.
  void elements(const std::string& name, std::span<const float> values, std::span<const std::int64_t> shape);
  void elements(const std::string& name, std::span<const double> values, std::span<const std::int64_t> shape);

  void attribute(const std::string& name, const std::string& text);
  void attribute(const std::string& name, std::span<const std::string> texts);
  void attribute(const std::string& name, std::int64_t value);
  void attribute(const std::string& name, std::uint64_t value);
  void attribute(const std::string& name, double value);

 protected:
  Node(Object handle, std::string path) : handle_(std::move(handle)), path_(std::move(path)) {}
  // Of `rows` rows of `columns` numbers or, where that is 0, plain numbers.
  Array write(const std::string& name, Object::Id memory_type, Object::Id file_type, const void* data, std::size_t rows,
              std::size_t columns = 0);
  void write_elements(const std::string& name, Object::Id type, std::span<const std::byte> data,
                      std::span<const std::int64_t> shape);
  Object handle_;
  std::string path_;  // for messages: "PATH: cannot write"
};

// A new file in memory: what reaches the disk is then written by us, as a whole, and a full disk cannot leave the
// library with a file that it can neither write nor close. Datasets are chunked by at most 1024, shuffled, deflated and
// carry Fletcher's checksum; groups keep the order of what is in them; the format stays readable for HDF5 1.10 and
// older.
class File {
 public:
  // The path serves messages only. About so many bytes are expected: its memory grows by a part of them at a time.
  File(const std::filesystem::path& path, std::size_t expected);
  Node root();
  // The bytes of the file. All groups and datasets must be gone.
  std::string image();

 private:
  std::string path_;  // for messages: "PATH: cannot write"
  Object handle_;
};

}  // namespace gradus::records::h5
