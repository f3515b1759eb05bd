#include "experiments/workloads/mnist_1d_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <numeric>
#include <span>
#include <stdexcept>

#include "autodiff/tensor/numpy_random.h"

namespace gradus::workloads {
namespace {

// The recipe's numbers: get_dataset_args().
constexpr std::size_t digit_points = 12, points = 40;
constexpr std::size_t least_padding = 36, most_padding = 60;
constexpr std::size_t long_points = digit_points + most_padding;
constexpr double scale = 0.4, shear = 0.75, smooth_noise = 0.25, plain_noise = 0.02;
constexpr std::uint32_t shifts = 48;
constexpr double not_zero = 1e-8;  // added to a digit, whose points are told from the padding by it

using Digit = std::array<double, digit_points>;
using Curve = std::array<double, long_points>;

constexpr std::array<Digit, Mnist1d::classes> drawn_digits{{{5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5},
                                                            {5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5},
                                                            {5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5},
                                                            {5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5},
                                                            {5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5},
                                                            {5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5},
                                                            {5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5},
                                                            {5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5},
                                                            {5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5},
                                                            {5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5}}};

struct Moments {
  double mean, deviation;
};
Moments moments(std::span<const double> all) {
  const double n = static_cast<double>(all.size());
  const double mean = std::accumulate(all.begin(), all.end(), 0.0) / n;
  double squares = 0;
  for (const double x : all) squares += (x - mean) * (x - mean);
  return {mean, std::sqrt(squares / n)};
}

// Of mean 0 and deviation 1/6, then moved to begin at 0.
Digit digit_of(std::size_t label) {
  Digit digit = drawn_digits[label];
  const auto [mean, deviation] = moments(digit);
  const double first = (digit[0] - mean) / deviation;
  for (double& x : digit) x = ((x - mean) / deviation - first) / 6 + not_zero;
  return digit;
}

// The numbers of numpy.linspace(0, 1, n).
class Places {
 public:
  explicit Places(std::size_t n) : last_(n - 1), step_(1 / static_cast<double>(n - 1)) {}
  double operator[](std::size_t i) const { return i == last_ ? 1 : static_cast<double>(i) * step_; }

 private:
  std::size_t last_;
  double step_;
};

// Linearly between the points, as numpy.interp computes it: a number between two zeros is zero exactly, which matters.
void resample(std::span<const double> from, std::span<double> to) {
  const Places old_places(from.size()), places(to.size());
  double slope = 0;
  std::size_t slope_of = from.size();
  for (std::size_t i = 0, left = 0; i < to.size(); ++i) {
    const double at = places[i];
    while (left + 1 < from.size() && old_places[left + 1] <= at) ++left;
    const double start = old_places[left];
    to[i] = from[left];
    if (left + 1 == from.size() || start == at) continue;
    if (slope_of != left) slope = (from[left + 1] - from[left]) / (old_places[left + 1] - start);
    slope_of = left;
    to[i] += slope * (at - start);
  }
}

// scipy.ndimage.gaussian_filter(x, 2): the window ends at four deviations, and beyond an end the curve comes back.
class Smooth {
 public:
  Smooth() {
    for (std::size_t i = 0; i < width; ++i) {
      const double distance = static_cast<double>(i) - radius;
      weights_[i] = std::exp(-0.125 * distance * distance);
    }
    const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
    for (double& weight : weights_) weight /= sum;
  }
  Curve operator()(const Curve& x) const {
    std::array<double, long_points + 2 * radius> around;
    std::reverse_copy(x.begin(), x.begin() + radius, around.begin());
    std::copy(x.begin(), x.end(), around.begin() + radius);
    std::reverse_copy(x.end() - radius, x.end(), around.end() - radius);
    Curve smooth{};
    for (std::size_t i = 0; i < width; ++i)
      for (std::size_t at = 0; at < long_points; ++at) smooth[at] += weights_[i] * around[at + i];
    return smooth;
  }

 private:
  static constexpr std::size_t radius = 8, width = 2 * radius + 1;
  std::array<double, width> weights_;
};

// The authors' transform() of one digit. The random numbers are drawn in their order.
void transform(const Digit& digit, const Smooth& smooth, NumpyRandom& random, std::span<double> into) {
  const auto padding = least_padding + static_cast<std::size_t>(random.uniform() * (most_padding - least_padding + 1));
  Curve padded{}, curve, noise;
  std::copy(digit.begin(), digit.end(), padded.begin());
  resample(std::span(padded).first(digit_points + padding), curve);
  const double factor = 1 + scale * (random.uniform() - 0.5);
  for (double& x : curve) x *= factor;
  std::rotate(curve.begin(), curve.end() - random.below(shifts), curve.end());
  for (double& x : noise) x = smooth_noise * random.normal();
  noise = smooth(noise);
  for (std::size_t i = 0; i < long_points; ++i)
    if (curve[i] == 0) curve[i] = noise[i];
  for (double& x : curve) x += plain_noise * random.normal();
  const double tilt = shear * (random.uniform() - 0.5);
  const Places places(long_points);
  for (std::size_t i = 0; i < long_points; ++i) curve[i] -= tilt * (places[i] - 0.5);
  resample(curve, into);
}

// Examples of the seeds `first`, `first` + 1, ..., so many of each; one seed, or all of them without end.
class Made final : public lab::Examples {
 public:
  Made(std::uint32_t first, std::int64_t of_each, bool is_endless)
      : first_(first), of_each_(of_each), size_(is_endless ? endless : of_each) {}
  std::int64_t size() const override { return size_; }
  lab::Layout inputs() const override { return {.shape = {Mnist1d::points}}; }
  lab::Layout targets() const override { return {.shape = {}, .is_whole = true, .classes = Mnist1d::classes}; }
  void read(std::span<const std::int64_t> rows, const lab::Batch& into) const override {
    std::int32_t* label = into.targets.data<std::int32_t>();
    with_floating(into.inputs.dtype(), [&]<class T>(T) {
      T* to = into.inputs.data<T>();
      std::shared_ptr<const Mnist1d> part;
      std::int64_t number = -1;
      for (const std::int64_t row : rows) {
        if (row / of_each_ != number) {
          number = row / of_each_;
          part = made(number);
        }
        const std::int64_t at = row % of_each_;
        const double* from = part->inputs.data() + at * Mnist1d::points;
        to = std::transform(from, from + points, to, [](double x) { return static_cast<T>(x); });
        *label++ = part->targets[static_cast<std::size_t>(at)];
      }
    });
  }

 private:
  // The last few are kept.
  std::shared_ptr<const Mnist1d> made(std::int64_t number) const {
    const std::lock_guard lock(mutex_);
    const auto at = std::find_if(kept_.begin(), kept_.end(), [&](const Part& part) { return part.number == number; });
    if (at != kept_.end()) {
      std::rotate(kept_.begin(), at, at + 1);
    } else {
      const auto seed = first_ + static_cast<std::uint32_t>(number);
      std::rotate(kept_.begin(), kept_.end() - 1, kept_.end());
      kept_.front() = {number, std::make_shared<Mnist1d>(make_mnist_1d(seed, of_each_))};
    }
    return kept_.front().examples;
  }

  struct Part {
    std::int64_t number = -1;
    std::shared_ptr<const Mnist1d> examples = {};
  };
  std::uint32_t first_;
  std::int64_t of_each_, size_;
  mutable std::mutex mutex_;
  mutable std::array<Part, 4> kept_;
};

constexpr std::int64_t authors_examples = 5000, authors_train = 4000;

// Each is made once in a process.
lab::Source authors() {
  static const lab::Source all(std::make_shared<Made>(42, authors_examples, false));
  return all;
}
lab::Source validation() {
  static const lab::Source all(std::make_shared<Made>(43, 5000, false));
  return all;
}
lab::Source large_test() {
  static const lab::Source all(std::make_shared<Made>(44, 20000, false));
  return all;
}
lab::Source stream() {
  static const lab::Source all(std::make_shared<Made>(45, 5000, true));
  return all;
}

}  // namespace

Mnist1d make_mnist_1d(std::uint32_t seed, std::int64_t examples) {
  if (examples < 1 || examples % Mnist1d::classes != 0)
    throw std::invalid_argument(fmt::format("mnist-1d: {} examples, expected a multiple of 10", examples));
  NumpyRandom random(seed);
  const Smooth smooth;
  std::vector<double> curves(static_cast<std::size_t>(examples) * points);
  const std::int64_t of_each = examples / Mnist1d::classes;
  for (std::int64_t i = 0; i < examples; ++i) {
    const Digit digit = digit_of(static_cast<std::size_t>(i / of_each));
    transform(digit, smooth, random, std::span(curves).subspan(static_cast<std::size_t>(i) * points, points));
  }
  const auto [mean, deviation] = moments(curves);
  Mnist1d made;
  made.inputs.reserve(curves.size());
  made.targets.reserve(static_cast<std::size_t>(examples));
  for (const std::int32_t row : random.permutation(static_cast<std::int32_t>(examples))) {
    for (const double x : std::span(curves).subspan(static_cast<std::size_t>(row) * points, points))
      made.inputs.push_back((x - mean) / deviation);
    made.targets.push_back(static_cast<std::int32_t>(row / of_each));
  }
  return made;
}

lab::Dataset mnist_1d() {
  return {.train = authors().first(authors_train), .validation = validation(), .test = authors().after(authors_train)};
}

lab::Dataset mnist_1d_large() {
  return {.train = authors().first(authors_train), .validation = validation(), .test = large_test()};
}

lab::Dataset mnist_1d_endless() { return {.train = stream(), .validation = validation(), .test = large_test()}; }

std::vector<std::int32_t> mnist_1d_shuffled() { return NumpyRandom(42).permutation(Mnist1d::points); }

}  // namespace gradus::workloads
