#include "optim/methods/soap.h"

#include "optim/elementwise.h"
#include "optim/solvers/eigenbasis.h"
#include "optim/solvers/matrix_sides.h"
#include "optim/typed.h"

namespace gradus::optim {
namespace {

class SoapSteps final : public FirstOrderOf<Soap> {
 public:
  using OptimizerOf::OptimizerOf;

  void apply(const Tensor& theta, const Tensor& gradient, Slices slices) override {
    ensure_state(first_moment_, theta);
    ensure_state(second_moment_, theta);
    if (known_slices_.are_new(slices)) {
      sides_.lay_out(slices, h.max_dimension, theta.dtype());
      memory_.product = Tensor::uninitialized({sides_.longest() * sides_.longest()}, theta.dtype());
      memory_.largest.reserve(static_cast<std::size_t>(sides_.longest()));
      scaled_ = Tensor::uninitialized({largest_size(slices)}, theta.dtype());
    }
    sides_.ensure(theta.dtype());
    for (std::size_t i = 0; i < slices.size(); ++i) {
      const Tensor g = slices[i].of(gradient), v = slices[i].of(second_moment_);
      if (g.size() == 0) continue;
      if (step_ > 0) move(i, slices[i].of(theta), g, slices[i].of(first_moment_), v);
      sides_.collect(i, g, h.beta2);
      if (step_ % h.update_interval != 0) continue;
      sides_.for_each(i, [&](const Tensor& statistics, const Tensor& basis, bool is_rows) {
        const auto has_diverged = [&] { basis.fill(std::numeric_limits<double>::quiet_NaN()); };
        if (!vectors::is_finite(statistics)) return has_diverged();
        if (step_ == 0) return make_eigenbasis(statistics, basis);
        if (!turn_eigenbasis(statistics, basis, memory_)) return has_diverged();
        const std::int64_t n = basis.shape()[0], columns = is_rows ? v.size() / n : n;
        const auto from = [&](std::int64_t k) { return memory_.largest[static_cast<std::size_t>(k)].second; };
        const Tensor old = scaled_.part(0, v.shape());
        old.copy_from(v);
        for (std::int64_t k = 0; k < v.size(); ++k)
          v.set(k, old.at(is_rows ? from(k / columns) * columns + k % columns : k - k % n + from(k % n)));
      });
    }
    ++step_;
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("second_moment", second_moment_);
    sides_.visit(visitor, "basis");
    visitor.counter("step", step_);
  }

 private:
  void move(std::size_t slice, const Tensor& theta, const Tensor& gradient, const Tensor& m, const Tensor& v) const {
    const auto mean = [this]<class T>(T) { return [fresh = T(1 - h.beta1)](T& x, T g) { x += fresh * (g - x); }; };
    update_each(m, gradient, mean);
    const auto mean_square = [this]<class T>(T) {
      return [fresh = T(1 - h.beta2)](T& x, T g) { x += fresh * (g * g - x); };
    };
    update_each(v, sides_.apply(slice, gradient), mean_square);
    const auto divide = [this]<class T>(T) {
      return [e = T(h.epsilon)](T& u, T turned, T& x) { u = turned / (std::sqrt(x) + e); };
    };
    const Tensor scaled = scaled_.part(0, theta.shape());
    update_each(scaled, sides_.apply(slice, m), divide, v);
    const double rate = h.learning_rate * std::sqrt(correction(h.beta2, step_)) / correction(h.beta1, step_);
    const auto go = [&]<class T>(T) {
      return [rate = T(rate), shrink = T(1 - h.learning_rate * h.weight_decay)](T& x, T n) {
        x = shrink * (x - rate * n);
      };
    };
    update_each(theta, sides_.apply(slice, scaled, true), go);
  }

  MatrixSides sides_;  // the factors are the eigenvectors, as rows
  EigenbasisMemory memory_;
  KnownSlices known_slices_;
  Tensor first_moment_, second_moment_, scaled_;
  std::int64_t step_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> make(const Soap& method, const RandomStream&) { return std::make_unique<SoapSteps>(method); }

}  // namespace gradus::optim
