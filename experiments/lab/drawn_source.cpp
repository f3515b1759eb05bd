#include "experiments/lab/drawn_source.h"

#include <algorithm>
#include <vector>

#include "experiments/lab/run.h"

namespace gradus::lab {
namespace {

class DrawnExamples final : public Examples {
 public:
  DrawnExamples(Drawn what, RandomStream stream, std::int64_t examples)
      : what_(std::move(what)), stream_(stream), size_(examples) {}
  std::int64_t size() const override { return size_; }
  Layout inputs() const override { return what_.inputs; }
  Layout targets() const override { return what_.targets; }
  void read(std::span<const std::int64_t> rows, const Batch& into) const override {
    thread_local std::vector<double> input, target;
    input.resize(static_cast<std::size_t>(what_.inputs.shape.size()));
    target.resize(static_cast<std::size_t>(what_.targets.shape.size()));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::fill(input.begin(), input.end(), 0.0);
      std::fill(target.begin(), target.end(), 0.0);
      RandomStream random = stream_.child("example", static_cast<std::uint64_t>(rows[i]));
      what_.draw(random, rows[i], input, target);
      put(input, into.inputs, i);
      put(target, into.targets, i);
    }
  }

 private:
  static void put(const std::vector<double>& numbers, const Tensor& into, std::size_t row) {
    const auto cast = [&]<class T>(T) {
      std::transform(numbers.begin(), numbers.end(), into.data<T>() + row * numbers.size(),
                     [](double x) { return static_cast<T>(x); });
    };
    if (into.dtype() == DType::int32)
      cast(std::int32_t{});
    else
      with_floating(into.dtype(), cast);
  }

  Drawn what_;
  RandomStream stream_;
  std::int64_t size_;
};

}  // namespace

Source drawn_source(Drawn what, RandomStream stream, std::int64_t examples) {
  return Source(std::make_shared<DrawnExamples>(std::move(what), stream, examples));
}

Dataset drawn_dataset(const Run& run, const Drawn& what, std::int64_t evaluated) {
  return {.train = drawn_source(what, run.stream("data")),
          .validation = drawn_source(what, RandomStream(0, "validation"), evaluated),
          .test = drawn_source(what, RandomStream(0, "test"), evaluated)};
}

}  // namespace gradus::lab
