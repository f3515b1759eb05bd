// What is said of shapes that do not fit.
#pragma once

#include <initializer_list>
#include <string_view>

#include "autodiff/tensor/shape.h"

namespace gradus {

// Throws std::invalid_argument with the shapes in the form of those expected:
//   bad_shapes("matmul", {a, b}, "[m, k] x [k, n]") says "matmul: [32, 784] x [128, 10], expected [m, k] x [k, n]".
[[noreturn]] void bad_shapes(std::string_view operation, std::initializer_list<Shape> found, std::string_view expected);

// Throws if the shapes differ.
void require_equal_shapes(std::string_view operation, const Shape& a, const Shape& b);

}  // namespace gradus
