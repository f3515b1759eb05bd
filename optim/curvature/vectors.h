// Vector algebra of the Krylov methods and line searches: one pass each, sums in double precision and always in the
// same order.
#pragma once

#include "autodiff/tensor.h"

namespace gradus::optim::vectors {

// All tensors of a call have the same size and floating type.

double dot(const Tensor& x, const Tensor& y);
// Without overflow or underflow on the way.
double norm(const Tensor& x);
// y += a x
void add(double a, const Tensor& x, const Tensor& y);
// y = x + a y
void add_to_scaled(const Tensor& x, double a, const Tensor& y);
// out = x + a y; out may be x or y.
void combine(const Tensor& x, double a, const Tensor& y, const Tensor& out);
// out = a x; out may be x.
void scale(double a, const Tensor& x, const Tensor& out);
// All bits are the same.
bool same(const Tensor& x, const Tensor& y);
// Every element is finite.
bool is_finite(const Tensor& x);
// The distance from 1 to the next number of the element type.
double epsilon(DType type);
// By how much values of this size, sums of many terms of the type, may differ and still count as equal: 100 epsilon
// |value|. It is this that "up to the rounding of the value" means, everywhere.
double rounding(double value, DType type);
// A tensor of theta's shape and type; made new where `memory` is not one already.
const Tensor& like(Tensor& memory, const Tensor& theta);

}  // namespace gradus::optim::vectors
