// What the functions are written with, beside the tape's own operations.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <vector>

#include "autodiff/operations.h"

namespace gradus::problems {

// Element i of a vector, [1].
inline Var at(const Var& x, std::int64_t i) { return part(x, i, Shape{1}); }
// Elements [first, first + count) of a vector, by position. A view: it copies nothing.
inline Var range(const Var& x, std::int64_t first, std::int64_t count) { return part(x, first, Shape{count}); }
// Every second element of a vector of even length, from the first or the second.
Var evens(const Var& x);
Var odds(const Var& x);
// One vector of several.
inline Var stack(std::initializer_list<Var> parts) { return concatenate(parts, 0); }
// The product of all elements, [1], without a division: elements may be 0.
Var product(const Var& x);
inline Var cube(const Var& x) { return x * square(x); }

// A vector of constants of an element type: f(1), ..., f(count), as the literature counts.
Tensor constants(DType type, const std::vector<double>& values);
Tensor constants(DType type, std::int64_t count, const std::function<double(double i)>& f);
inline Var on(const Var& x, const Tensor& constant) { return x.tape().leaf(constant); }

}  // namespace gradus::problems
