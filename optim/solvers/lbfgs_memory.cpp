#include "optim/solvers/lbfgs_memory.h"

#include <cmath>
#include <string>

#include "autodiff/tensor/vectors.h"

namespace gradus::optim {

double LbfgsMemory::refusal(DType type) { return 0.01 * std::sqrt(vectors::epsilon(type)); }

bool LbfgsMemory::add(const Tensor& s, const Tensor& y) {
  const double sy = vectors::dot(s, y), lengths = vectors::norm(s) * vectors::norm(y);
  if (!(sy > refusal(s.dtype()) * lengths) || !std::isfinite(lengths)) return false;
  const Shape all{capacity_, s.size()};
  if (!steps_.defined() || steps_.shape() != all || steps_.dtype() != s.dtype()) {
    steps_ = Tensor::zeros(all, s.dtype());
    changes_ = Tensor::zeros(all, s.dtype());
    count_ = 0;
  }
  newest_ = (newest_ + 1) % capacity_;
  if (count_ < capacity_) ++count_;
  steps_.part(newest_ * s.size(), s.shape()).copy_from(s);
  changes_.part(newest_ * s.size(), s.shape()).copy_from(y);
  return true;
}

double LbfgsMemory::scale() const {
  if (count_ == 0) return 1;
  const Tensor s = steps_.rows(newest_, 1), y = changes_.rows(newest_, 1);
  return vectors::dot(s, y) / vectors::dot(y, y);
}

void LbfgsMemory::solve(const Tensor& q) const {
  if (count_ == 0) return;
  const std::int64_t n = q.size();
  weights_.resize(static_cast<std::size_t>(count_));
  const auto step = [&](std::int64_t age) { return steps_.part(row(age) * n, {n}); };
  const auto change = [&](std::int64_t age) { return changes_.part(row(age) * n, {n}); };
  for (std::int64_t age = 0; age < count_; ++age) {
    double& weight = weights_[static_cast<std::size_t>(age)];
    weight = vectors::dot(step(age), q) / vectors::dot(step(age), change(age));
    vectors::axpy(-weight, change(age), q);
  }
  vectors::scale(scale(), q, q);
  for (std::int64_t age = count_ - 1; age >= 0; --age) {
    const double back = vectors::dot(change(age), q) / vectors::dot(step(age), change(age));
    vectors::axpy(weights_[static_cast<std::size_t>(age)] - back, step(age), q);
  }
}

void LbfgsMemory::visit(StateVisitor& visitor, std::string_view name) {
  const std::string prefix(name);
  visitor.tensor(prefix + "steps", steps_);
  visitor.tensor(prefix + "changes", changes_);
  visitor.counter(prefix + "pairs", count_);
  visitor.counter(prefix + "newest", newest_);
}

bool powell_damping(const Tensor& s, const Tensor& bs, const Tensor& y) {
  constexpr double least = 0.2;
  const double sy = vectors::dot(s, y), sbs = vectors::dot(s, bs);
  if (sy >= least * sbs || !(sbs > 0)) return false;
  const double t = (1 - least) * sbs / (sbs - sy);
  vectors::scale(t, y, y);
  vectors::axpy(1 - t, bs, y);
  return true;
}

}  // namespace gradus::optim
