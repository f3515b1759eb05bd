#include "experiments/lab/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "experiments/lab/idx.h"

namespace gradus::lab {
namespace {

namespace fs = std::filesystem;

constexpr const char* fashion_mnist_directory = "/usr/share/datasets/fashion-mnist";
constexpr int max_label = 9;

fs::path find(const fs::path& directory, const std::string& file) {
  for (const fs::path& candidate : {directory / file, directory / (file + ".gz")})
    if (fs::exists(candidate)) return candidate;
  throw std::runtime_error(fmt::format("{}: neither {} nor {}.gz is there", directory.string(), file, file));
}

struct Loaded {
  Split split = {};
  std::int64_t height = 0, width = 0, classes = 0;
};

Loaded load_split(const fs::path& directory, const std::string& prefix, DType type) {
  const fs::path image_path = find(directory, prefix + "-images-idx3-ubyte");
  const fs::path label_path = find(directory, prefix + "-labels-idx1-ubyte");
  const auto [images, labels] = read_labelled_images(image_path, label_path);
  const std::int64_t n = labels.shape[0];
  if (n > std::numeric_limits<std::int32_t>::max())
    throw std::runtime_error(fmt::format("{}: {} examples, at most 2^31 - 1 expected", image_path.string(), n));

  Loaded loaded{.height = images.shape[1], .width = images.shape[2]};
  loaded.split.labels = Tensor::uninitialized({n}, DType::int32);
  std::int32_t* label = loaded.split.labels.data<std::int32_t>();
  for (std::size_t i = 0; i < labels.bytes.size(); ++i) {
    if (labels.bytes[i] > max_label)
      throw std::runtime_error(fmt::format("{}: label {} at position {}, expected 0 to {}", label_path.string(),
                                           labels.bytes[i], i, max_label));
    label[i] = labels.bytes[i];
  }
  loaded.classes = 1 + *std::max_element(labels.bytes.begin(), labels.bytes.end());
  loaded.split.images = Tensor::uninitialized({n, loaded.height * loaded.width}, type);
  with_floating(type, [&]<class T>(T) {
    T* pixel = loaded.split.images.data<T>();
    for (std::size_t i = 0; i < images.bytes.size(); ++i) pixel[i] = static_cast<T>(images.bytes[i]) / T{255};
  });
  return loaded;
}

}  // namespace

fs::path idx_directory(const std::string& name, const fs::path& directory) {
  fs::path from = directory;
  if (from.empty()) {
    if (name != "fashion-mnist")
      throw std::invalid_argument(fmt::format("--data={}: needs --data-dir=DIRECTORY with its four IDX files", name));
    from = fashion_mnist_directory;
    if (!fs::is_directory(from))
      throw std::runtime_error(
          fmt::format("{}: no such directory: install the package dataset-fashion-mnist or name one with --data-dir",
                      from.string()));
  }
  if (!fs::is_directory(from)) throw std::runtime_error(fmt::format("{}: no such directory", from.string()));
  return from;
}

Dataset load_idx_dataset(const std::string& name, const fs::path& directory, DType type) {
  const fs::path from = idx_directory(name, directory);
  Loaded train = load_split(from, "train", type), test = load_split(from, "t10k", type);
  if (train.height != test.height || train.width != test.width)
    throw std::runtime_error(fmt::format("{}: training images are {} x {}, test images {} x {}", from.string(),
                                         train.height, train.width, test.height, test.width));
  return {.train = std::move(train.split),
          .test = std::move(test.split),
          .classes = std::max(train.classes, test.classes),
          .height = train.height,
          .width = train.width};
}

Batches::Batches(const Split& split, std::int64_t batch_size) : split_(split), batch_size_(batch_size) {
  if (batch_size < 1) throw std::invalid_argument(fmt::format("batches: size {}, expected at least 1", batch_size));
  if (!split.images.defined() || !split.labels.defined())
    throw std::invalid_argument("batches: the split has no examples yet: a run's data set is loaded by run.start()");
  if (split.images.shape().rank() != 2 || split.labels.shape().rank() != 1 || split.images.shape()[0] != split.size())
    throw std::invalid_argument(fmt::format("batches: images {} and labels {}, expected [n, features] and [n]",
                                            split.images.shape().to_string(), split.labels.shape().to_string()));
}

Batches::Batches(const Split& split, std::int64_t batch_size, RandomStream order) : Batches(split, batch_size) {
  const std::int64_t rows = std::min(batch_size_, split_.size());
  inputs_ = Tensor::uninitialized({rows, split_.images.shape()[1]}, split_.images.dtype());
  labels_ = Tensor::uninitialized({rows}, split_.labels.dtype());
  shuffle(order);
}

void Batches::shuffle(RandomStream order) {
  if (!inputs_.defined()) throw std::invalid_argument("batches: sequential ones cannot be shuffled");
  // From the identity each time: the order is a function of the stream, not of what was drawn before.
  order_.resize(static_cast<std::size_t>(split_.size()));
  std::iota(order_.begin(), order_.end(), 0);
  order.shuffle(order_);
  current_ = -1;
}

const Batch& Batches::operator[](std::int64_t i) & {
  if (i < 0 || i >= size())
    throw std::invalid_argument(fmt::format("batches: batch {}, expected 0 to {}", i, size() - 1));
  if (i == current_) return batch_;
  const std::int64_t first = i * batch_size_, count = std::min(batch_size_, split_.size() - first);
  if (inputs_.defined()) {
    gather(first, count);
    if (!batch_.labels.defined() || batch_.labels.size() != count)
      batch_ = {inputs_.rows(0, count), labels_.rows(0, count)};
  } else {
    batch_ = {split_.images.rows(first, count), split_.labels.rows(first, count)};
  }
  current_ = i;
  return batch_;
}

void Batches::gather(std::int64_t first, std::int64_t count) {
  const auto gather_rows = [&](const Tensor& all, const Tensor& into) {
    const std::size_t bytes = all.bytes() / static_cast<std::size_t>(all.shape()[0]);  // of a row
    const auto* from = static_cast<const std::byte*>(all.raw());
    auto* to = static_cast<std::byte*>(into.raw());
    for (std::int64_t row = 0; row < count; ++row, to += bytes)
      std::memcpy(to, from + static_cast<std::size_t>(order_[static_cast<std::size_t>(first + row)]) * bytes, bytes);
  };
  gather_rows(split_.images, inputs_);
  gather_rows(split_.labels, labels_);
}

}  // namespace gradus::lab
