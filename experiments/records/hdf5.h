// The only place that knows HDF5's C API. Nothing is printed by the library: every failure is thrown as
// std::runtime_error with the path and the library's own reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "experiments/records/hdf5_object.h"

namespace gradus::records::h5 {

// A dataset, with what it needs to become an axis of others.
class Array {
 public:
  void attribute(const std::string& name, const std::string& text);
  void attribute(const std::string& name, std::span<const std::int64_t> values);
  std::size_t rows() const { return rows_; }

 protected:
  friend class Node;
  Array(Object handle, std::string path, std::size_t rows)
      : handle_(std::move(handle)), path_(std::move(path)), rows_(rows) {}
  Object handle_;
  std::string path_;  // for messages: "PATH: cannot write"
  std::size_t rows_;
};

// Numbers along two axes or more, to be written by blocks of rows: NaN where nothing is written.
class PaddedArray : public Array {
 public:
  // Of `count` rows from `first` on, a multiple of the grid's block, the first places of the second axis and all of the
  // others. No row twice.
  void write(std::size_t first, std::size_t count, std::size_t places, std::span<const double> values);

 private:
  friend class Node;
  PaddedArray(Array array, std::vector<std::size_t> extents, std::string name)
      : Array(std::move(array)), extents_(std::move(extents)), name_(std::move(name)) {}
  std::vector<std::size_t> extents_;
  std::string name_;  // for messages
};

// The root of a file, or a group in it.
class Node {
 public:
  Node group(const std::string& name);
  // A dimension scale: the coordinate of an axis.
  Array scale(const std::string& name, std::span<const std::int64_t> values);
  // Numbers along the axis of a scale of the same length, in the same group or one above.
  Array numbers(const std::string& name, std::span<const double> values, const Array& scale);
  Array numbers(const std::string& name, std::span<const std::int64_t> values, const Array& scale);
  // Rows of `columns` numbers each, along two scales; stored as float32 if they were that to begin with.
  Array vectors(const std::string& name, std::span<const double> values, const Array& rows, const Array& columns,
                bool single_precision);

  // Along these scales, to be written in blocks of so many rows.
  PaddedArray grid(const std::string& name, std::span<const Array* const> axes, std::size_t block,
                   bool single_precision);

  // Texts along the axis of a scale of the same length.
  Array texts(const std::string& name, std::span<const std::string> values, const Array& scale);
  // A dimension scale whose places have names.
  Array text_scale(const std::string& name, std::span<const std::string> values);

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
  Array write_texts(const std::string& name, std::span<const std::string> values);
  Object handle_;
  std::string path_;  // for messages: "PATH: cannot write"
};

// A new file in memory: what reaches the disk is then written by us, as a whole, and a full disk cannot leave the
// library with a file that it can neither write nor close. Datasets are chunked by at most 1024, shuffled, deflated and
// carry Fletcher's checksum; groups keep the order of what is in them; the format stays readable for HDF5 1.10 and
// older. No object tells when it was made: the same contents are the same bytes.
class File {
 public:
  // The path serves messages only. About so many bytes are expected: its memory grows by a part of them at a time.
  File(const std::filesystem::path& path, std::size_t expected);
  // One on the disk, for more than memory holds; the target serves messages only. Whoever cannot finish it should end.
  static File on_disk(const std::filesystem::path& path, const std::filesystem::path& target);
  Node root();
  // The bytes of the file. All groups and datasets must be gone.
  std::string image();
  // Of a file on the disk: all is written. The same.
  void finish();

 private:
  explicit File(const std::filesystem::path& target) : path_(target.string() + ": cannot write") {}
  void create(const std::string& name, Object::Id access);
  std::string path_;  // for messages: "PATH: cannot write"
  Object handle_;
};

}  // namespace gradus::records::h5
