// What HDF5 has opened, for headers that do not know its C API.
#pragma once

#include <cstdint>
#include <utility>

namespace gradus::records::h5 {

// What HDF5 could not write to the disk it cannot close either: it crashes. From such a failure on nothing is closed,
// and the process is to end. (A file in memory cannot fail so.)
struct Abandonment {
  bool has_file_on_disk = false, has_failed = false;
};
inline Abandonment abandonment;

// An open HDF5 object, closed with the function that belongs to its kind.
class Object {
 public:
  using Id = std::int64_t;
  using Close = int (*)(Id);
  Object() = default;
  Object(Id id, Close close) : id_(id), close_(close) {}
  Object(Object&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Object& operator=(Object&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Object();
  Id get() const { return id_; }

 private:
  Id id_ = -1;
  Close close_ = nullptr;
};

}  // namespace gradus::records::h5
