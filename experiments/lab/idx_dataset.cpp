#include "experiments/lab/idx_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
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

class Images final : public Examples {
 public:
  Images(const fs::path& directory, const std::string& prefix)
      : image_path_(find(directory, prefix + "-images-idx3-ubyte")) {
    const fs::path label_path = find(directory, prefix + "-labels-idx1-ubyte");
    LabelledImages read = read_labelled_images(image_path_, label_path);
    if (read.labels.shape[0] > std::numeric_limits<std::int32_t>::max())
      throw std::runtime_error(
          fmt::format("{}: {} examples, at most 2^31 - 1 expected", image_path_.string(), read.labels.shape[0]));
    images_ = std::move(read.images);
    labels_ = std::move(read.labels.bytes);
    const auto largest = std::max_element(labels_.begin(), labels_.end());
    if (*largest > max_label)
      throw std::runtime_error(fmt::format("{}: label {} at position {}, expected 0 to {}", label_path.string(),
                                           *largest, largest - labels_.begin(), max_label));
    classes_ = 1 + *largest;
  }

  const fs::path& path() const { return image_path_; }
  std::int64_t classes() const { return classes_; }
  void set_classes(std::int64_t classes) { classes_ = classes; }

  std::int64_t size() const override { return std::ssize(labels_); }
  Layout inputs() const override { return {.shape = {images_.shape[1], images_.shape[2]}}; }
  Layout targets() const override { return {.shape = {}, .is_whole = true, .classes = classes_}; }
  void read(std::span<const std::int64_t> rows, const Batch& into) const override {
    const auto pixels = static_cast<std::size_t>(images_.shape[1] * images_.shape[2]);
    std::int32_t* label = into.targets.data<std::int32_t>();
    with_floating(into.inputs.dtype(), [&]<class T>(T) {
      T* pixel = into.inputs.data<T>();
      for (const std::int64_t row : rows) {
        const std::uint8_t* image = images_.bytes.data() + static_cast<std::size_t>(row) * pixels;
        for (std::size_t i = 0; i < pixels; ++i) pixel[i] = static_cast<T>(image[i]) / T{255};
        pixel += pixels;
        *label++ = labels_[static_cast<std::size_t>(row)];
      }
    });
  }
  void read_labels(std::span<const std::int64_t> rows, std::span<std::int32_t> into) const override {
    std::ranges::transform(rows, into.begin(),
                           [&](std::int64_t row) { return labels_[static_cast<std::size_t>(row)]; });
  }

 private:
  fs::path image_path_;
  IdxFile images_;
  std::vector<std::uint8_t> labels_;
  std::int64_t classes_ = 0;
};

// Both sets, which must fit to one another.
struct Both {
  std::shared_ptr<Images> train, test;
};
std::shared_ptr<const Both> load(const fs::path& directory) {
  Both both{std::make_shared<Images>(directory, "train"), std::make_shared<Images>(directory, "t10k")};
  const Shape train = both.train->inputs().shape, test = both.test->inputs().shape;
  if (train != test)
    throw std::runtime_error(fmt::format("{}: training images are {} x {}, test images {} x {}", directory.string(),
                                         train[0], train[1], test[0], test[1]));
  const std::int64_t classes = std::max(both.train->classes(), both.test->classes());
  both.train->set_classes(classes);
  both.test->set_classes(classes);
  return std::make_shared<Both>(std::move(both));
}

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

// Each directory is loaded once.
std::shared_ptr<const Both> loaded(const std::string& name, const fs::path& directory) {
  static std::mutex mutex;
  static std::map<fs::path, std::shared_ptr<const Both>> all;
  const fs::path from = idx_directory(name, directory);
  const std::lock_guard lock(mutex);
  std::shared_ptr<const Both>& both = all[from];
  if (!both) both = load(from);
  return both;
}

}  // namespace

Dataset idx_dataset(const std::string& name, const fs::path& directory) {
  return {.train = Source::made_by([name, directory] { return loaded(name, directory)->train; }),
          .test = Source::made_by([name, directory] { return loaded(name, directory)->test; })};
}

}  // namespace gradus::lab
