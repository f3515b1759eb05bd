#include "experiments/lab/hdf5_reader.h"

#include <fmt/format.h>
#include <hdf5.h>

#include <array>
#include <stdexcept>

#include "experiments/lab/hdf5_error.h"

namespace gradus::lab::h5 {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what, const std::string& why) {
  throw std::runtime_error(fmt::format("{}: cannot read {}: {}", path, what, why));
}

Handle opened(hid_t id, Handle::Close close, const std::string& path, const std::string& what) {
  if (id < 0) fail(path, what, reason());
  return {id, close};
}

void done(herr_t status, const std::string& path, const std::string& what) {
  if (status < 0) fail(path, what, reason());
}

void require_hard_link(hid_t location, const std::string& path, const std::string& name) {
  H5L_info_t info;
  if (H5Lexists(location, name.c_str(), H5P_DEFAULT) <= 0) fail(path, name, "it is not there");
  done(H5Lget_info(location, name.c_str(), &info, H5P_DEFAULT), path, name);
  if (info.type != H5L_TYPE_HARD) fail(path, name, "it is a link to elsewhere");
}

}  // namespace

Reader::Reader(const std::string& bytes, std::string path) : path_(std::move(path)), file_bytes_(bytes.size()) {
  const Silence silence;
  const Handle access = opened(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, path_, "file");
  done(H5Pset_fapl_core(access.get(), 1 << 16, false), path_, "file");
  // The library copies the image; it takes a pointer that is not const, but does not write.
  done(H5Pset_file_image(access.get(), const_cast<char*>(bytes.data()), bytes.size()), path_, "file");
  file_ = opened(H5Fopen("/dev/null/state.h5", H5F_ACC_RDONLY, access.get()), H5Fclose, path_, "file");
}

Handle Reader::group(const std::string& name) const {
  if (!name.empty()) require_hard_link(file_.get(), path_, name);
  return opened(H5Gopen2(file_.get(), name.empty() ? "/" : name.c_str(), H5P_DEFAULT), H5Gclose, path_,
                name.empty() ? "root" : name);
}

void Reader::attribute(const std::string& where, const std::string& name, Handle::Id type, void* value) const {
  const Silence silence;
  const Handle in = group(where);
  const Handle attribute = opened(H5Aopen(in.get(), name.c_str(), H5P_DEFAULT), H5Aclose, path_, name);
  const Handle space = opened(H5Aget_space(attribute.get()), H5Sclose, path_, name);
  const Handle stored = opened(H5Aget_type(attribute.get()), H5Tclose, path_, name);
  if (H5Sget_simple_extent_npoints(space.get()) != 1 || H5Tget_class(stored.get()) != H5Tget_class(type))
    fail(path_, name, "it is not one number of the expected kind");
  done(H5Aread(attribute.get(), type, value), path_, name);
}

std::int64_t Reader::integer(const std::string& where, const std::string& name) const {
  std::int64_t value = 0;
  attribute(where, name, H5T_NATIVE_INT64, &value);
  return value;
}

double Reader::number(const std::string& where, const std::string& name) const {
  double value = 0;
  attribute(where, name, H5T_NATIVE_DOUBLE, &value);
  return value;
}

std::string Reader::text(const std::string& name) const {
  const Silence silence;
  const Handle attribute =
      opened(H5Aopen_by_name(file_.get(), "/", name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose, path_, name);
  const Handle type = opened(H5Aget_type(attribute.get()), H5Tclose, path_, name);
  const Handle space = opened(H5Aget_space(attribute.get()), H5Sclose, path_, name);
  if (H5Tis_variable_str(type.get()) <= 0 || H5Sget_simple_extent_npoints(space.get()) != 1)
    fail(path_, name, "it is not a text");
  char* characters = nullptr;
  done(H5Aread(attribute.get(), type.get(), &characters), path_, name);
  std::string text = characters ? characters : "";
  H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, &characters);
  return text;
}

Tensor Reader::tensor(const std::string& where, const std::string& name, const Shape& shape, DType type) const {
  const Silence silence;
  const Handle in = group(where);
  require_hard_link(in.get(), path_, name);
  const Handle dataset = opened(H5Dopen2(in.get(), name.c_str(), H5P_DEFAULT), H5Dclose, path_, name);
  const Handle stored = opened(H5Dget_type(dataset.get()), H5Tclose, path_, name);
  const Handle layout = opened(H5Dget_create_plist(dataset.get()), H5Pclose, path_, name);
  const Handle space = opened(H5Dget_space(dataset.get()), H5Sclose, path_, name);
  const hid_t expected =
      with_floating(type, []<class T>(T) { return std::is_same_v<T, float> ? H5T_IEEE_F32LE : H5T_IEEE_F64LE; });
  if (H5Tequal(stored.get(), expected) <= 0) fail(path_, name, fmt::format("its elements are not {}", name_of(type)));
  if (H5Pget_layout(layout.get()) != H5D_CONTIGUOUS || H5Pget_external_count(layout.get()) != 0 ||
      H5Pget_nfilters(layout.get()) != 0)
    fail(path_, name, "its numbers are not in the file as they are");
  std::array<hsize_t, H5S_MAX_RANK> extents{};
  const int rank = H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr);
  bool same = rank == shape.rank();
  hsize_t bytes = size_of(type);
  for (int axis = 0; same && axis < rank; ++axis) {
    const hsize_t extent = extents[static_cast<std::size_t>(axis)];
    same = extent == static_cast<hsize_t>(shape[axis]);
    if (extent > 0 && bytes > file_bytes_ / extent) fail(path_, name, "it is larger than the file");
    bytes *= extent;
  }
  if (!same) fail(path_, name, "its shape is not " + shape.to_string());
  if (bytes > 0 && H5Dget_storage_size(dataset.get()) != bytes) fail(path_, name, "it is not complete");
  const Tensor values = Tensor::uninitialized(shape, type);
  if (bytes > 0) done(H5Dread(dataset.get(), expected, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.raw()), path_, name);
  return values;
}

}  // namespace gradus::lab::h5
