// The eigenvectors of a symmetric matrix that changes slowly.
#pragma once

#include <utility>
#include <vector>

#include "autodiff/tensor/tensor.h"

namespace gradus::optim {

// Writes eigenvectors as rows of `basis`.
void make_eigenbasis(const Tensor& matrix, const Tensor& basis);

struct EigenbasisMemory {
  Tensor product;                                        // of that many elements, at least
  std::vector<std::pair<double, std::int64_t>> largest;  // Rayleigh quotients of the old rows, with their numbers
};
// One round of power iteration: the rows of basis matrix, from the largest Rayleigh quotient to the least, made
// orthonormal. Row i is near what was row memory.largest[i].second. False, and basis as it was, where the product
// overflows.
bool turn_eigenbasis(const Tensor& matrix, const Tensor& basis, EigenbasisMemory& memory);

}  // namespace gradus::optim
