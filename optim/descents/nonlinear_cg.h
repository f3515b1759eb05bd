// Nonlinear conjugate gradients: d <- -g + beta d.
#pragma once

#include <string>
#include <vector>

#include "optim/descent.h"

namespace gradus::optim {

class NonlinearCgDescent final : public Descent {
 public:
  // Fletcher & Reeves (1964); Polak & Ribière (1969), with beta >= 0 as Gilbert & Nocedal (1992); Hestenes & Stiefel
  // (1952); Dai & Yuan (1999); Hager & Zhang (2005), with the lower bound of their (2013).
  static const std::vector<std::string>& formulas();
  explicit NonlinearCgDescent(const Settings& settings);

  std::string name() const override { return "nonlinear_cg"; }
  Size size() const override { return Size::length; }
  void begin(const Start& start) override;
  Promise step(double length, const Tensor& p) override;
  double first_size() override;
  bool restart() override;
  void learn(const Start& start, const Tensor& trial, double length) override;
  void visit(StateVisitor& visitor) override;

 private:
  void turn_to_gradient();
  double beta(double gg) const;

  std::string formula_;
  std::int64_t restart_interval_;
  Setting restart_threshold_, first_step_;
  const Start* start_ = nullptr;
  Tensor direction_, previous_gradient_;
  std::int64_t since_restart_ = -1;  // -1: there is no direction yet
  double slope_ = 0, previous_decrease_ = 0;
};

}  // namespace gradus::optim
