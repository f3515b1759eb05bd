// The matrix products and convolutions alone that a gradient of a network of engine_networks.h cannot do without, by
// oneDNN on one thread: what its gradient is held to. No biases, activations, losses or copies.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "autodiff/tensor/tensor.h"

namespace networks {

class BareProducts {
 public:
  // Of a network of all(), in the order of its gradient, on memory laid out like the network's: an activation is
  // written by one product and read by the next, and each weight and its gradient lie in a place of their own.
  BareProducts(const std::string& network, std::int64_t batch);

  void run() const {
    for (const auto& product : forward_) product();
    for (auto product = backward_.rbegin(); product != backward_.rend(); ++product) (*product)();
  }
  double operations() const { return operations_; }  // multiplications and additions of a run
  // And of a Hessian product on a retained record: for each product of a layer there are two in the tangent's sweep and
  // four in the sweep back, but only one of each for that of the inputs, which have no tangent.
  double hessian_operations() const { return 2 * (operations_ - input_operations_); }

 private:
  void mlp(std::int64_t batch, std::span<const std::int64_t> sizes, bool has_first_derivative);
  void linear(std::int64_t rows, std::int64_t in, std::int64_t out, bool has_derivative = true);
  void convolution(std::int64_t batch, std::int64_t side, std::int64_t in, std::int64_t out, bool has_derivative);
  void lstm(std::int64_t batch);
  void transformer(std::int64_t batch);
  void attention(std::int64_t sequences, std::int64_t heads, std::int64_t tokens, std::int64_t width);
  float* memory(std::int64_t rows, std::int64_t columns);

  std::vector<gradus::Tensor> tensors_;
  float *activation_ = nullptr, *derivative_ = nullptr;    // of the layer before
  std::vector<std::function<void()>> forward_, backward_;  // the second from the first layer to the last
  double operations_ = 0;
  double input_operations_ = 0;  // of the product of the inputs, in the sweep forth
};

}  // namespace networks
