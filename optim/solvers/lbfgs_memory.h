// The limited-memory BFGS approximation of a Hessian.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "autodiff/tensor/tensor.h"
#include "optim/optimizer.h"

namespace gradus::optim {

// The last m pairs of a step s and the gradient's change y, as two matrices [m, n] that are used round and round.
class LbfgsMemory {
 public:
  explicit LbfgsMemory(std::int64_t capacity) : capacity_(capacity) {}

  std::int64_t count() const { return count_; }
  // Takes a pair in place of the oldest one, unless s.y <= refusal |s| |y| or a number is not finite. Returns whether
  // it did.
  bool add(const Tensor& s, const Tensor& y);
  // q <- H q, H being the inverse approximation from H_0 = scale() I (Nocedal 1980; Nocedal & Wright 2006,
  // Algorithm 7.4). The identity without pairs.
  void solve(const Tensor& q) const;
  // s.y / y.y of the newest pair (Nocedal & Wright, eq. 7.20); 1 without pairs.
  double scale() const;
  void clear() { count_ = 0; }
  // Tensors "NAMEsteps" and "NAMEchanges", counters "NAMEpairs" and "NAMEnewest".
  void visit(StateVisitor& visitor, std::string_view name = "");

  // 0.01 sqrt(epsilon): below it the pair says more about rounding than about curvature.
  static double refusal(DType type);

 private:
  std::int64_t row(std::int64_t age) const { return (newest_ - age + capacity_) % capacity_; }
  std::int64_t capacity_, count_ = 0, newest_ = 0;
  Tensor steps_, changes_;  // [m, n]
  mutable std::vector<double> weights_;
};

// y <- t y + (1 - t) B s with the least 1 - t for which s.y >= 0.2 s.B s (Powell 1978, eq. 5.9 to 5.11), given B s.
// Returns whether y was changed.
bool powell_damping(const Tensor& s, const Tensor& bs, const Tensor& y);

}  // namespace gradus::optim
