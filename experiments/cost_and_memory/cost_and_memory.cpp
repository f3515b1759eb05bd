// What does a step of an optimizer cost, in nanoseconds and bytes a parameter? This program takes steps with one method
// and times what is not the objective's; the sweep beside it asks the question.
#include <chrono>

#include "autodiff/tensor/vectors.h"
#include "experiments/lab/run.h"

using namespace gradus;

namespace {

// <g, theta> and <-g, theta> in turns, with a drawn g; theta is a matrix.
class Slope final : public optim::Objective {
 public:
  Slope(Shape shape, DType type, RandomStream random)
      : g_(Tensor::zeros({shape.size()}, type)), slices_{{"weight", shape, 0, {}}} {
    for (std::int64_t i = 0; i < size(); ++i) g_.set(i, random.normal());
  }
  std::int64_t size() const override { return g_.size(); }
  DType dtype() const override { return g_.dtype(); }
  std::span<const ParameterSlice> slices() const override { return slices_; }
  double compute_value(const Tensor& theta) override { return vectors::dot(g_, theta); }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    vectors::scale(-1, g_);
    gradient.copy_from(g_);
    return compute_value(theta);
  }

 private:
  Tensor g_;
  std::vector<ParameterSlice> slices_;
};

void measure(lab::Run& run) {
  const std::int64_t rows = run.option("rows", std::int64_t{1024}, "of theta, of 256 parameters", lab::at_least(1));
  const std::int64_t steps = run.option("steps", std::int64_t{100}, "to take", lab::at_least(1));
  const lab::ChosenOptimizer optimizer = run.optimizer("adam");
  run.before_start([&] { optimizer->check(Slope({1, 256}, run.dtype(), run.stream("slope"))); });
  run.start("1");
  Slope slope({rows, 256}, run.dtype(), run.stream("slope"));
  const Tensor theta = Tensor::zeros({slope.size()}, run.dtype());
  lab::RunTable& cost = run.table(
      "cost", {{.name = "time", .units = "ns", .long_name = "of a step without its gradient, for a parameter"},
               {.name = "state", .units = "byte", .long_name = "kept between steps, for a parameter"}});
  for (std::int64_t step = 0; step < steps; ++step) {
    const double in_objective = slope.costs().seconds;
    const auto start = std::chrono::steady_clock::now();
    const optim::StepReport report = optimizer->step(slope, theta);
    const std::chrono::duration<double> all = std::chrono::steady_clock::now() - start;
    cost.append(step, {1e9 * (all.count() - slope.costs().seconds + in_objective) / static_cast<double>(slope.size()),
                       static_cast<double>(optimizer->state_bytes()) / static_cast<double>(slope.size())});
    run.log(report);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return lab::main("cost_and_memory", "Measures what a step of an optimizer costs.", argc, argv, measure);
}
