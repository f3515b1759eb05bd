// Vector algebra on parameter vectors: one pass each, sums in double precision and always in the same order.
#pragma once

#include <span>

#include "autodiff/tensor/random.h"
#include "autodiff/tensor/tensor.h"

namespace gradus::vectors {

// All tensors of a call have the same size and, unless it is said otherwise, the same floating type.

double dot(const Tensor& x, const Tensor& y);
double dot(std::span<const double> x, std::span<const double> y);
double dot(const Tensor& x, std::span<const double> y);
// x.(y - z): the differences are taken first, as x.y and x.z may nearly cancel.
double dot_with_difference(const Tensor& x, const Tensor& y, const Tensor& z);
// The Euclidean norm, without overflow or underflow on the way.
double norm(const Tensor& x);
double norm(std::span<const double> x);
// The sum of |x_i|.
double norm_1(const Tensor& x);
double sum_of_squares(const Tensor& x);
double root_mean_square(const Tensor& x);  // 0 without elements

// y += a x
void axpy(double a, const Tensor& x, const Tensor& y);
// out = x + a y; out may be x or y.
void add_scaled(const Tensor& x, double a, const Tensor& y, const Tensor& out);
// x *= a
void scale(double a, const Tensor& x);
// out = a x; out may be x.
void scale(double a, const Tensor& x, const Tensor& out);
// out = x y, element by element; out may be x or y.
void multiply(const Tensor& x, const Tensor& y, const Tensor& out);
// x_i += a z_i, z standard normal: the next numbers of the stream.
void add_normal(double a, RandomStream& random, const Tensor& x);

// All bits are the same.
bool same(const Tensor& x, const Tensor& y);
// Every element is finite.
bool is_finite(const Tensor& x);
// The distance from 1 to the next number of the element type.
double epsilon(DType type);
// By how much values of this size, sums of many terms of the type, may differ and still count as equal: 100 epsilon
// |value|. It is this that "up to the rounding of the value" means, everywhere.
double rounding(double value, DType type);
// Memory of that shape and type: what is there, if it is that already; made new otherwise.
const Tensor& shaped(Tensor& memory, const Shape& shape, DType type);
// Memory of theta's shape and type.
const Tensor& like(Tensor& memory, const Tensor& theta);

}  // namespace gradus::vectors
