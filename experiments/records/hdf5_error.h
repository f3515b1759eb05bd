// HDF5's error stack, kept from printing and turned into errors of ours. For the files that call the C API.
#pragma once

#include <hdf5.h>

#include <stdexcept>
#include <string>

#include "experiments/records/hdf5_object.h"
#include "experiments/records/text.h"

namespace gradus::records::h5 {

// Keeps HDF5 from printing its error stack, and gives the caller's handler back.
class Silence {
 public:
  Silence() {
    H5Eget_auto2(H5E_DEFAULT, &handler_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Silence() { H5Eset_auto2(H5E_DEFAULT, handler_, data_); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  H5E_auto2_t handler_ = nullptr;
  void* data_ = nullptr;
};

// The description of where an error arose, which holds the system's reason if there is one.
inline std::string reason() {
  std::string text = "unknown HDF5 error";
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t* error, void* to) -> herr_t {
        if (n == 0 && error->desc) *static_cast<std::string*>(to) = error->desc;
        return 0;
      },
      &text);
  return text;
}

// "PATH: cannot write NAME: WHY", where `path` is "PATH: cannot write".
[[noreturn]] inline void fail(const std::string& path, const std::string& what, const std::string& why = reason()) {
  abandonment.has_failed = abandonment.has_file_on_disk;
  throw std::runtime_error(one_line(path + " " + what + ": " + why));
}

inline Object opened(hid_t id, Object::Close close, const std::string& path, const std::string& what) {
  if (id < 0) fail(path, what);
  return {id, close};
}

// An attribute of a file's root.
inline std::string text_attribute(const Object& file, const std::string& name, const std::string& path) {
  const Object attribute =
      opened(H5Aopen_by_name(file.get(), "/", name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose, path, name);
  const Object type = opened(H5Aget_type(attribute.get()), H5Tclose, path, name);
  const Object space = opened(H5Aget_space(attribute.get()), H5Sclose, path, name);
  if (H5Tis_variable_str(type.get()) <= 0 || H5Sget_simple_extent_npoints(space.get()) != 1)
    fail(path, name, "it is not a text");
  char* characters = nullptr;
  if (H5Aread(attribute.get(), type.get(), &characters) < 0) fail(path, name);
  std::string text = characters ? characters : "";
  H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, &characters);
  return text;
}

inline void done(herr_t status, const std::string& path, const std::string& what) {
  if (status < 0) fail(path, what);
}

}  // namespace gradus::records::h5
