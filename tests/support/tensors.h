// Tensors for tests.
#pragma once

#include <vector>

#include "autodiff/tape.h"
#include "autodiff/tensor/random.h"

namespace gradus {

// Standard normal numbers, drawn in float64 and rounded: both types begin from the same ones.
inline Tensor random_tensor(const Shape& shape, RandomStream& random, DType type = DType::float64) {
  const Tensor tensor = Tensor::uninitialized(shape, DType::float64);
  for (double& x : tensor.elements<double>()) x = random.normal();
  return tensor.converted(type);
}
inline Tensor random_tensor(const Shape& shape, std::uint64_t seed, DType type = DType::float64) {
  RandomStream random(seed, "test");
  return random_tensor(shape, random, type);
}

// Uniform in [low, high), of float64.
inline Tensor uniform_tensor(const Shape& shape, RandomStream& random, double low, double high) {
  const Tensor tensor = Tensor::uninitialized(shape, DType::float64);
  for (double& x : tensor.elements<double>()) x = random.uniform(low, high);
  return tensor;
}

inline std::vector<Var> leaves_of(Tape& tape, const std::vector<Tensor>& tensors) {
  std::vector<Var> leaves;
  for (const Tensor& tensor : tensors) leaves.push_back(tape.leaf(tensor));
  return leaves;
}

}  // namespace gradus
