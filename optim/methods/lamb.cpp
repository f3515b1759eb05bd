#include "optim/methods/lamb.h"

#include <cmath>

#include "optim/layerwise.h"
#include "optim/typed.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class LambSteps final : public FirstOrderOf<Lamb> {
 public:
  using OptimizerOf::OptimizerOf;

  void apply(const Tensor& theta, const Tensor& gradient, Slices slices) override {
    ensure_state(first_moment_, theta);
    ensure_state(second_moment_, theta);
    if (known_slices_.are_new(slices)) direction_ = Tensor::uninitialized({largest_size(slices)}, theta.dtype());
    ++step_;
    for (const ParameterSlice& slice : slices)
      step_slice(slice.of(theta), slice.of(gradient), slice.of(first_moment_), slice.of(second_moment_),
                 direction_.part(0, slice.shape));
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("second_moment", second_moment_);
    visitor.counter("step", step_);
  }

 private:
  void step_slice(const Tensor& theta, const Tensor& gradient, const Tensor& first_moment, const Tensor& second_moment,
                  const Tensor& direction) const {
    const double t = static_cast<double>(step_);
    const double correction = 1 / (1 - std::pow(h.beta1, t)), root_correction = 1 / std::sqrt(1 - std::pow(h.beta2, t));
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return [correction = T(correction), root_correction = T(root_correction), fresh1 = T(1 - h.beta1),
                  fresh2 = T(1 - h.beta2), epsilon = T(h.epsilon),
                  weight_decay = T(h.weight_decay)](T& x, T g, T& m, T& v, T& u) {
            m += fresh1 * (g - m);
            v += fresh2 * (g * g - v);
            u = correction * m / (math::sqrt(v) * root_correction + epsilon) + weight_decay * x;
          };
        },
        first_moment, second_moment, direction);
    const double of_theta = norm(theta), of_direction = norm(direction);
    const double ratio = of_theta > 0 && of_direction > 0 ? of_theta / of_direction : 1;
    update_each(theta, direction,
                [&]<class T>(T) { return [rate = T(h.learning_rate * ratio)](T& x, T u) { x -= rate * u; }; });
  }

  Tensor first_moment_, second_moment_;
  Tensor direction_;  // u of the slice at hand
  KnownSlices known_slices_;
  std::int64_t step_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> make(const Lamb& method, const RandomStream&) { return std::make_unique<LambSteps>(method); }

}  // namespace gradus::optim
