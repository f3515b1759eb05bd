// Nocedal (1980); Liu & Nocedal (1989); Nocedal & Wright (2006), Algorithms 7.4 and 7.5; multi-batch: Berahas, Nocedal
// & Takac (2016), with Powell's (1978) damping of the pairs.
#include "optim/methods/lbfgs.h"

#include "autodiff/tensor/vectors.h"
#include "optim/solvers/lbfgs_memory.h"

namespace gradus::optim {
namespace {

class LbfgsDescent final : public Descent {
 public:
  explicit LbfgsDescent(const Lbfgs& method) : h(method), pairs_(method.history) {}
  std::string name() const override { return "lbfgs"; }
  Size size() const override { return Size::length; }

  void begin(const Start& start) override { start_ = &start; }
  Promise step(double length, const Tensor& p) override {
    vectors::scale(-1, start_->gradient, p);
    pairs_.solve(p);
    const double slope = vectors::dot(start_->gradient, p);
    if (length != 1) vectors::scale(length, p);
    // -g.H g (t - t^2 / 2)
    return {.change = slope * length * (1 - length / 2), .slope = slope * length, .norm = vectors::norm(p)};
  }
  double first_size() override { return pairs_.count() == 0 ? h.first_step / start_->gradient_norm : h.learning_rate; }
  // Once more along the gradient.
  bool restart() override {
    const bool had_pairs = pairs_.count() > 0;
    pairs_.clear();
    return had_pairs;
  }
  // The pair of this step; both gradients are of the same batch.
  void learn(const Start& start, const Tensor& trial, double length) override {
    vectors::add_scaled(trial, -1, start.theta, vectors::like(step_, trial));
    vectors::add_scaled(start.objective.gradient(), -1, start.gradient, vectors::like(change_, trial));
    if (h.pairs == Lbfgs::Pairs::powell && pairs_.count() > 0) {
      vectors::scale(-length, start.gradient, vectors::like(product_, trial));  // B s, since s = -length H g
      powell_damping(step_, product_, change_);
    }
    pairs_.add(step_, change_);
  }
  void visit(StateVisitor& visitor) override { pairs_.visit(visitor); }

 private:
  const Lbfgs& h;
  LbfgsMemory pairs_;
  const Start* start_ = nullptr;
  Tensor step_, change_, product_;
};

}  // namespace

std::unique_ptr<Descent> Lbfgs::descent(const RandomStream&) const { return std::make_unique<LbfgsDescent>(*this); }

std::unique_ptr<Search> Lbfgs::search() const {
  if (line_search == LineSearch::armijo) return std::make_unique<Armijo>();
  if (line_search == LineSearch::none) return std::make_unique<Fixed>();
  return std::make_unique<StrongWolfe>();
}

}  // namespace gradus::optim
