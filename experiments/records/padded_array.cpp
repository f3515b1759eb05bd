// Numbers along several axes that are written by blocks of rows.
#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "experiments/records/hdf5.h"
#include "experiments/records/hdf5_error.h"

namespace gradus::records::h5 {
namespace {

constexpr hsize_t most_numbers = 16384;  // of a chunk
constexpr unsigned deflate_level = 4;

// A chunk lies within one block, so that it is written once.
std::vector<hsize_t> chunk_of(const std::vector<std::size_t>& extents, std::size_t block) {
  std::vector<hsize_t> chunk(extents.size());
  hsize_t left = most_numbers;
  const auto take = [&](std::size_t axis, std::size_t most) {
    chunk[axis] = std::clamp<hsize_t>(most, 1, left);
    left /= chunk[axis];
  };
  take(0, std::min(extents[0], block));
  for (std::size_t axis = extents.size(); axis-- > 1;) take(axis, extents[axis]);
  return chunk;
}

}  // namespace

PaddedArray Node::grid(const std::string& name, std::span<const Array* const> axes, std::size_t block,
                       bool single_precision) {
  const Silence silence;
  std::vector<std::size_t> extents;
  for (const Array* axis : axes) extents.push_back(axis->rows_);
  const int rank = static_cast<int>(extents.size());
  const std::vector<hsize_t> shape(extents.begin(), extents.end());
  const Object space = opened(H5Screate_simple(rank, shape.data(), nullptr), H5Sclose, path_, name);
  const Object layout = opened(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, path_, name);
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  done(H5Pset_obj_track_times(layout.get(), false), path_, name);
  done(H5Pset_fill_value(layout.get(), H5T_NATIVE_DOUBLE, &nothing), path_, name);
  if (std::find(extents.begin(), extents.end(), 0) == extents.end()) {
    done(H5Pset_chunk(layout.get(), rank, chunk_of(extents, block).data()), path_, name);
    done(H5Pset_shuffle(layout.get()), path_, name);
    done(H5Pset_deflate(layout.get(), deflate_level), path_, name);
    done(H5Pset_fletcher32(layout.get()), path_, name);
  }
  // Of what is written once nothing is to be kept in memory.
  const Object access = opened(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose, path_, name);
  done(H5Pset_chunk_cache(access.get(), 1, 0, 1), path_, name);
  Object dataset = opened(H5Dcreate2(handle_.get(), name.c_str(), single_precision ? H5T_IEEE_F32LE : H5T_IEEE_F64LE,
                                     space.get(), H5P_DEFAULT, layout.get(), access.get()),
                          H5Dclose, path_, name);
  for (std::size_t axis = 0; axis < axes.size(); ++axis)
    done(H5DSattach_scale(dataset.get(), axes[axis]->handle_.get(), static_cast<unsigned>(axis)), path_, name);
  return {{std::move(dataset), path_, extents.front()}, std::move(extents), name};
}

void PaddedArray::write(std::size_t first, std::size_t count, std::size_t places, std::span<const double> values) {
  const Silence silence;
  std::vector<hsize_t> start(extents_.size(), 0), extent(extents_.begin(), extents_.end());
  start[0] = first;
  extent[0] = count;
  extent[1] = places;
  hsize_t numbers = 1;
  for (const hsize_t one : extent) numbers *= one;
  if (numbers != values.size()) fail(path_, name_, "not as many numbers as places");
  if (numbers == 0) return;
  const Object there = opened(H5Dget_space(handle_.get()), H5Sclose, path_, name_);
  done(H5Sselect_hyperslab(there.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr), path_, name_);
  const Object here =
      opened(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose, path_, name_);
  done(H5Dwrite(handle_.get(), H5T_NATIVE_DOUBLE, here.get(), there.get(), H5P_DEFAULT, values.data()), path_, name_);
}

}  // namespace gradus::records::h5
