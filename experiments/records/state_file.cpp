#include "experiments/records/state_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>

#include "experiments/records/files.h"
#include "experiments/records/hdf5.h"
#include "experiments/records/hdf5_error.h"
#include "experiments/records/state_image.h"

namespace gradus::records {
namespace {

using h5::done;
using h5::fail;
using h5::Object;
using h5::opened;
using h5::Silence;

void require_hard_link(hid_t location, const std::string& path, const std::string& name) {
  H5L_info_t info;
  if (H5Lexists(location, name.c_str(), H5P_DEFAULT) <= 0) fail(path, name, "it is not there");
  done(H5Lget_info(location, name.c_str(), &info, H5P_DEFAULT), path, name);
  if (info.type != H5L_TYPE_HARD) fail(path, name, "it is a link to elsewhere");
}

}  // namespace

void write_state_file(const std::filesystem::path& path, const StateContents& contents) {
  std::size_t expected = contents.theta ? contents.theta->size_bytes() : 0;
  for (const auto& [name, array] : contents.tensors) expected += array.size_bytes();
  h5::File file(path, expected);
  {
    h5::Node root = file.root();
    for (const auto& [name, text] : contents.texts) root.attribute(name, text);
    const auto put = [](h5::Node& node, const std::string& name, const StoredArray& array) {
      std::visit([&](const auto& elements) { node.elements(name, elements, array.shape); }, array.elements);
    };
    if (contents.theta) put(root, "theta", *contents.theta);
    h5::Node tensors = root.group("tensors"), counters = root.group("counters"), numbers = root.group("numbers");
    for (const auto& [name, array] : contents.tensors) put(tensors, name, array);
    for (const auto& [name, value] : contents.counters) counters.attribute(name, value);
    for (const auto& [name, value] : contents.numbers) numbers.attribute(name, value);
  }
  write_file(path, framed({contents.label, file.image()}));
}

StateFile::StateFile(std::filesystem::path path) : path_(path.string() + ": cannot read") {
  std::string bytes = read_state_image(path).contents;
  file_bytes_ = bytes.size();
  const Silence silence;
  const Object access = opened(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, path_, "file");
  done(H5Pset_fapl_core(access.get(), 1 << 16, false), path_, "file");
  done(H5Pset_file_image(access.get(), bytes.data(), bytes.size()), path_, "file");  // which copies them
  file_ = opened(H5Fopen("/dev/null/state.h5", H5F_ACC_RDONLY, access.get()), H5Fclose, path_, "file");
}

Object StateFile::group(const std::string& name) const {
  if (!name.empty()) require_hard_link(file_.get(), path_, name);
  return opened(H5Gopen2(file_.get(), name.empty() ? "/" : name.c_str(), H5P_DEFAULT), H5Gclose, path_,
                name.empty() ? "root" : name);
}

void StateFile::attribute(const std::string& where, const std::string& name, Object::Id type, void* value) const {
  const Silence silence;
  const Object in = group(where);
  const Object attribute = opened(H5Aopen(in.get(), name.c_str(), H5P_DEFAULT), H5Aclose, path_, name);
  const Object space = opened(H5Aget_space(attribute.get()), H5Sclose, path_, name);
  const Object stored = opened(H5Aget_type(attribute.get()), H5Tclose, path_, name);
  if (H5Sget_simple_extent_npoints(space.get()) != 1 || H5Tget_class(stored.get()) != H5Tget_class(type))
    fail(path_, name, "it is not one number of the expected kind");
  done(H5Aread(attribute.get(), type, value), path_, name);
}

std::int64_t StateFile::counter(const std::string& name) const {
  std::int64_t value = 0;
  attribute("counters", name, H5T_NATIVE_INT64, &value);
  return value;
}

double StateFile::number(const std::string& name) const {
  double value = 0;
  attribute("numbers", name, H5T_NATIVE_DOUBLE, &value);
  return value;
}

std::string StateFile::text(const std::string& name) const {
  const Silence silence;
  return h5::text_attribute(file_, name, path_);
}

template <class T>
void StateFile::read(const std::string& where, const std::string& name, std::span<const std::int64_t> shape,
                     const std::function<std::span<T>()>& memory) const {
  constexpr bool single = std::is_same_v<T, float>;
  const Silence silence;
  const Object in = group(where);
  require_hard_link(in.get(), path_, name);
  const Object dataset = opened(H5Dopen2(in.get(), name.c_str(), H5P_DEFAULT), H5Dclose, path_, name);
  const Object stored = opened(H5Dget_type(dataset.get()), H5Tclose, path_, name);
  const Object layout = opened(H5Dget_create_plist(dataset.get()), H5Pclose, path_, name);
  const Object space = opened(H5Dget_space(dataset.get()), H5Sclose, path_, name);
  const hid_t expected = single ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;
  if (H5Tequal(stored.get(), expected) <= 0)
    fail(path_, name, fmt::format("its elements are not {}", single ? "float32" : "float64"));
  if (H5Pget_layout(layout.get()) != H5D_CONTIGUOUS || H5Pget_external_count(layout.get()) != 0 ||
      H5Pget_nfilters(layout.get()) != 0)
    fail(path_, name, "its numbers are not in the file as they are");
  std::array<hsize_t, H5S_MAX_RANK> extents{};
  const int rank = H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr);
  hsize_t bytes = sizeof(T);
  for (int axis = 0; axis < rank; ++axis) {
    const hsize_t extent = extents[static_cast<std::size_t>(axis)];
    if (extent > 0 && bytes > file_bytes_ / extent) fail(path_, name, "it is larger than the file");
    bytes *= extent;
  }
  if (!std::equal(shape.begin(), shape.end(), extents.begin(), extents.begin() + std::max(rank, 0),
                  [](std::int64_t asked, hsize_t found) { return std::cmp_equal(asked, found); }))
    fail(path_, name, fmt::format("its shape is not [{}]", fmt::join(shape, ", ")));
  if (bytes > 0 && H5Dget_storage_size(dataset.get()) != bytes) fail(path_, name, "it is not complete");
  const std::span<T> values = memory();
  if (values.size_bytes() != bytes)
    throw std::invalid_argument(fmt::format("{}: memory for another number of elements", name));
  if (bytes > 0) done(H5Dread(dataset.get(), expected, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), path_, name);
}
template void StateFile::read(const std::string&, const std::string&, std::span<const std::int64_t>,
                              const std::function<std::span<float>()>&) const;
template void StateFile::read(const std::string&, const std::string&, std::span<const std::int64_t>,
                              const std::function<std::span<double>()>&) const;

}  // namespace gradus::records
