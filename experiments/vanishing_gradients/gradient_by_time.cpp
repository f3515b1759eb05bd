// Through how many steps does a recurrent network's gradient reach? Trains a workload of sequences and watches the
// derivative of the loss by the inputs of each time step. time.toml asks the question.
#include <cmath>

#include "autodiff/gradient.h"
#include "experiments/lab/train.h"
#include "experiments/workloads/adding_problem.h"
#include "experiments/workloads/workloads.h"

using namespace gradus;

namespace {

class GradientByTime final : public lab::Instrument {
 public:
  explicit GradientByTime(std::int64_t every) : Instrument("gradient_by_time", every) {}

 private:
  std::vector<lab::Column> columns(const lab::Watched& watched) override {
    const std::int64_t length = watched.workload.data.train.inputs().shape[0];
    return {{.name = "norm",
             .long_name = "Euclidean norm of the loss's derivative by the inputs of a step",
             .axis = "time",
             .length = length,
             .draw = records::Draw::log},
            {.name = "first_over_last",
             .long_name = "that of the first step over that of the last",
             .draw = records::Draw::log}};
  }
  void measure(const lab::Moment& at, std::vector<double>& row) override {
    const auto [inputs, outputs, loss] = at.objective.forward(at.before, at.batch, nn::Mode::train);
    const Tensor derivative = gradient(loss, {inputs})[0];  // [batch, time * features]
    const Shape example = at.workload.data.train.inputs().shape;
    const std::int64_t batch = derivative.shape()[0], time = example[0], features = example[1];
    std::vector<double> squares(static_cast<std::size_t>(time));
    for (std::int64_t i = 0; i < batch * time * features; ++i)
      squares[static_cast<std::size_t>(i / features % time)] += std::pow(derivative.at(i), 2);
    for (const double square : squares) row.push_back(std::sqrt(square));
    row.push_back(std::sqrt(squares.front() / squares.back()));
  }
};

}  // namespace

int main(int argc, char** argv) {
  return lab::main("gradient_by_time", "Trains on sequences and watches the gradient by time.", argc, argv,
                   [](lab::Run& run) {
                     const lab::Workload workload = workloads::choose(run, workloads::AddingProblem{});
                     const auto optimizer = run.optimizer("adam");
                     lab::Plan plan = lab::plan_of_options(run, workload.plan);
                     const int every = run.option("every", 100, "steps between two measurements", lab::at_least(1));
                     const lab::Layout inputs = workload.data.train.inputs();
                     if (!inputs.is_whole && inputs.shape.rank() == 2)  // tokens have no derivative
                       plan.instruments.push_back(std::make_shared<GradientByTime>(every));
                     lab::train(run, workload, optimizer, plan);
                   });
}
