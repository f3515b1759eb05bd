#include "experiments/records/hdf5.h"

#include <fmt/format.h>
#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "experiments/records/hdf5_error.h"

namespace gradus::records::h5 {
namespace {

static_assert(std::is_same_v<hid_t, std::int64_t> && std::is_same_v<herr_t, int>);

constexpr hsize_t chunk_rows = 1024;
constexpr unsigned deflate_level = 4;
constexpr unsigned in_order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;  // as they were made, not by the alphabet
constexpr std::size_t least_increment = std::size_t{1} << 16, increments = 16;

// One value, or a list where a length is given.
void write_attribute(hid_t where, const std::string& path, const std::string& name, hid_t type, const void* values,
                     std::optional<std::size_t> length = {}) {
  const Silence silence;
  const hsize_t extent = length.value_or(1);
  const Object space =
      opened(length ? H5Screate_simple(1, &extent, nullptr) : H5Screate(H5S_SCALAR), H5Sclose, path, name);
  const Object attribute =
      opened(H5Acreate2(where, name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose, path, name);
  done(H5Awrite(attribute.get(), type, values), path, name);
}

// UTF-8 of variable length: h5py and xarray give it as str, and it may be longer than an attribute's 64 KiB.
Object text_type(const std::string& path, const std::string& name) {
  const Silence silence;
  Object type = opened(H5Tcopy(H5T_C_S1), H5Tclose, path, name);
  done(H5Tset_size(type.get(), H5T_VARIABLE), path, name);
  done(H5Tset_cset(type.get(), H5T_CSET_UTF8), path, name);
  return type;
}

std::vector<const char*> characters_of(std::span<const std::string> texts) {
  std::vector<const char*> all;
  for (const std::string& text : texts) all.push_back(text.c_str());
  return all;
}

void write_text(hid_t where, const std::string& path, const std::string& name, const std::string& text) {
  const char* characters = text.c_str();
  write_attribute(where, path, name, text_type(path, name).get(), &characters);
}

}  // namespace

Object::~Object() {
  if (id_ < 0 || abandonment.has_failed) return;
  const Silence silence;
  close_(id_);
}

void Array::attribute(const std::string& name, const std::string& text) {
  write_text(handle_.get(), path_, name, text);
}

void Array::attribute(const std::string& name, std::span<const std::int64_t> values) {
  write_attribute(handle_.get(), path_, name, H5T_NATIVE_INT64, values.data(), values.size());
}

Node Node::group(const std::string& name) {
  const Silence silence;
  const Object properties = opened(H5Pcreate(H5P_GROUP_CREATE), H5Pclose, path_, name);
  done(H5Pset_link_creation_order(properties.get(), in_order), path_, name);
  done(H5Pset_obj_track_times(properties.get(), false), path_, name);
  return {opened(H5Gcreate2(handle_.get(), name.c_str(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), H5Gclose, path_,
                 name),
          path_};
}

Array Node::write(const std::string& name, Object::Id memory_type, Object::Id file_type, const void* data,
                  std::size_t rows, std::size_t columns) {
  const int rank = columns > 0 ? 2 : 1;
  const std::array<hsize_t, 2> extent{rows, columns}, most{H5S_UNLIMITED, columns};
  // A chunk of vectors has as many numbers as one of plain numbers, or one vector. None is larger than what there is,
  // to be filled, checked and compressed all the same.
  const hsize_t most_rows = columns > 0 ? chunk_rows / columns : chunk_rows;
  const std::array<hsize_t, 2> chunk{std::max<hsize_t>(1, std::min<hsize_t>(rows, most_rows)), columns};
  const Object space = opened(H5Screate_simple(rank, extent.data(), most.data()), H5Sclose, path_, name);
  const Object layout = opened(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, path_, name);
  done(H5Pset_obj_track_times(layout.get(), false), path_, name);
  done(H5Pset_chunk(layout.get(), rank, chunk.data()), path_, name);
  done(H5Pset_shuffle(layout.get()), path_, name);
  done(H5Pset_deflate(layout.get(), deflate_level), path_, name);
  done(H5Pset_fletcher32(layout.get()), path_, name);
  Object dataset =
      opened(H5Dcreate2(handle_.get(), name.c_str(), file_type, space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT),
             H5Dclose, path_, name);
  if (rows > 0) done(H5Dwrite(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), path_, name);
  return {std::move(dataset), path_, rows};
}

Array Node::scale(const std::string& name, std::span<const std::int64_t> values) {
  const Silence silence;
  Array dataset = write(name, H5T_NATIVE_INT64, H5T_STD_I64LE, values.data(), values.size());
  done(H5DSset_scale(dataset.handle_.get(), name.c_str()), path_, name);
  return dataset;
}

Array Node::numbers(const std::string& name, std::span<const double> values, const Array& scale) {
  const Silence silence;
  Array dataset = write(name, H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE, values.data(), values.size());
  done(H5DSattach_scale(dataset.handle_.get(), scale.handle_.get(), 0), path_, name);
  return dataset;
}

Array Node::numbers(const std::string& name, std::span<const std::int64_t> values, const Array& scale) {
  const Silence silence;
  Array dataset = write(name, H5T_NATIVE_INT64, H5T_STD_I64LE, values.data(), values.size());
  done(H5DSattach_scale(dataset.handle_.get(), scale.handle_.get(), 0), path_, name);
  return dataset;
}

Array Node::vectors(const std::string& name, std::span<const double> values, const Array& rows, const Array& columns,
                    bool single_precision) {
  const Silence silence;
  Array dataset = write(name, H5T_NATIVE_DOUBLE, single_precision ? H5T_IEEE_F32LE : H5T_IEEE_F64LE, values.data(),
                        rows.rows_, columns.rows_);
  done(H5DSattach_scale(dataset.handle_.get(), rows.handle_.get(), 0), path_, name);
  done(H5DSattach_scale(dataset.handle_.get(), columns.handle_.get(), 1), path_, name);
  return dataset;
}

Array Node::write_texts(const std::string& name, std::span<const std::string> values) {
  const hsize_t extent = values.size();
  const Object type = text_type(path_, name);
  const Object space = opened(H5Screate_simple(1, &extent, nullptr), H5Sclose, path_, name);
  const Object layout = opened(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, path_, name);
  done(H5Pset_obj_track_times(layout.get(), false), path_, name);
  Object dataset =
      opened(H5Dcreate2(handle_.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT),
             H5Dclose, path_, name);
  const std::vector<const char*> characters = characters_of(values);
  if (!values.empty())
    done(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, characters.data()), path_, name);
  return {std::move(dataset), path_, values.size()};
}

Array Node::texts(const std::string& name, std::span<const std::string> values, const Array& scale) {
  const Silence silence;
  Array dataset = write_texts(name, values);
  done(H5DSattach_scale(dataset.handle_.get(), scale.handle_.get(), 0), path_, name);
  return dataset;
}

Array Node::text_scale(const std::string& name, std::span<const std::string> values) {
  const Silence silence;
  Array dataset = write_texts(name, values);
  done(H5DSset_scale(dataset.handle_.get(), name.c_str()), path_, name);
  return dataset;
}

void Node::write_elements(const std::string& name, Object::Id type, std::span<const std::byte> data,
                          std::span<const std::int64_t> shape) {
  const Silence silence;
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  const Object space =
      opened(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), H5Sclose, path_, name);
  const Object dataset =
      opened(H5Dcreate2(handle_.get(), name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
             H5Dclose, path_, name);
  if (!data.empty()) done(H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data()), path_, name);
}

void Node::elements(const std::string& name, std::span<const float> values, std::span<const std::int64_t> shape) {
  write_elements(name, H5T_IEEE_F32LE, std::as_bytes(values), shape);
}
void Node::elements(const std::string& name, std::span<const double> values, std::span<const std::int64_t> shape) {
  write_elements(name, H5T_IEEE_F64LE, std::as_bytes(values), shape);
}

void Node::attribute(const std::string& name, const std::string& text) { write_text(handle_.get(), path_, name, text); }
void Node::attribute(const std::string& name, std::span<const std::string> texts) {
  const std::vector<const char*> characters = characters_of(texts);
  write_attribute(handle_.get(), path_, name, text_type(path_, name).get(), characters.data(), characters.size());
}
void Node::attribute(const std::string& name, std::int64_t value) {
  write_attribute(handle_.get(), path_, name, H5T_NATIVE_INT64, &value);
}
void Node::attribute(const std::string& name, std::uint64_t value) {
  write_attribute(handle_.get(), path_, name, H5T_NATIVE_UINT64, &value);
}
void Node::attribute(const std::string& name, double value) {
  write_attribute(handle_.get(), path_, name, H5T_NATIVE_DOUBLE, &value);
}

void File::create(const std::string& name, Object::Id access) {
  done(H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V110), path_, "file");
  const Object creation = opened(H5Pcreate(H5P_FILE_CREATE), H5Pclose, path_, "file");
  done(H5Pset_link_creation_order(creation.get(), in_order), path_, "file");
  done(H5Pset_obj_track_times(creation.get(), false), path_, "file");
  handle_ = opened(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, creation.get(), access), H5Fclose, path_, "file");
}

File::File(const std::filesystem::path& path, std::size_t expected) : File(path) {
  const Silence silence;
  const Object access = opened(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, path_, "file");
  const std::size_t increment = std::max(least_increment, expected / increments);
  done(H5Pset_fapl_core(access.get(), increment, false), path_, "file");
  // The library would read an existing file of this name into memory first, so the name is one that cannot exist.
  create("/dev/null/run.h5", access.get());
}

File File::on_disk(const std::filesystem::path& path, const std::filesystem::path& target) {
  H5dont_atexit();
  const Silence silence;
  File file(target);
  abandonment.has_file_on_disk = true;
  const Object access = opened(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, file.path_, "file");
  done(H5Pset_file_locking(access.get(), false, true), file.path_, "file");  // nobody else knows its name
  file.create(path.string(), access.get());
  return file;
}

Node File::root() {
  const Silence silence;
  struct Root : Node {
    Root(Object handle, std::string path) : Node(std::move(handle), std::move(path)) {}
  };
  return Root(opened(H5Gopen2(handle_.get(), "/", H5P_DEFAULT), H5Gclose, path_, "root"), path_);
}

std::string File::image() {
  const Silence silence;
  done(H5Fflush(handle_.get(), H5F_SCOPE_GLOBAL), path_, "file");
  const ssize_t size = H5Fget_file_image(handle_.get(), nullptr, 0);
  if (size < 0) fail(path_, "file");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  if (H5Fget_file_image(handle_.get(), bytes.data(), bytes.size()) < 0) fail(path_, "file");
  return bytes;
}

void File::finish() {
  const Silence silence;
  done(H5Fflush(handle_.get(), H5F_SCOPE_GLOBAL), path_, "file");
  handle_ = {};
}

}  // namespace gradus::records::h5
