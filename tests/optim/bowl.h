// The plainest objective, for tests of what every optimizer promises.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "optim/optimizer.h"

namespace gradus::optim {

// |theta|^2 / 2, which remembers what it was made to compute.
class Bowl final : public Objective {
 public:
  explicit Bowl(std::int64_t size, DType type = DType::float64, std::vector<ParameterSlice> slices = {})
      : layers(std::move(slices)), size_(size), type_(type) {}
  std::int64_t size() const override { return size_; }
  DType dtype() const override { return type_; }
  std::span<const ParameterSlice> slices() const override { return layers.empty() ? Objective::slices() : layers; }

  std::vector<ParameterSlice> layers;
  int values_computed = 0, gradients_computed = 0;
  std::chrono::milliseconds delay{0};

 protected:
  double compute_value(const Tensor& theta) override {
    ++values_computed;
    return answer(theta);
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    ++gradients_computed;
    gradient.copy_from(theta);
    return answer(theta);
  }
  std::int64_t examples() const override { return 32; }

 private:
  double answer(const Tensor& theta) const {
    std::this_thread::sleep_for(delay);
    double sum = 0;
    for (const double x : theta.to_vector()) sum += x * x / 2;
    return sum;
  }
  std::int64_t size_;
  DType type_;
};

struct MatrixShape {
  std::int64_t rows, columns;
};

// A bowl whose parameters are those of layers: a wide matrix, a tall kernel, an embedding and a bias.
inline Bowl layered_bowl(DType type = DType::float64) {
  return Bowl(41, type,
              {{"dense.weight", {3, 4}, 0, {}},
               {"conv.weight", {2, 3, 2}, 12, {}},
               {"tokens", {7, 2}, 24, {"embedding"}},
               {"dense.bias", {3}, 38, {"bias"}}});
}

}  // namespace gradus::optim
