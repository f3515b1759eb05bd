// Through how many steps does a recurrent network's gradient reach? The adding problem of Hochreiter & Schmidhuber
// (1997): of a sequence of numbers two are marked, and their sum is wanted at the end. Expected: the derivative by
// early inputs vanishes in a plain recurrent network, and much less in an LSTM.
//   build/bin/sweep run --output=results/adding -- build/bin/examples/gradient_by_time --cell=rnn,lstm --length=50,100
//   tools/report results/adding --within length --curve gradient_by_time/norm
#include <cmath>

#include "autodiff/gradient.h"
#include "experiments/lab/train.h"
#include "experiments/workloads/adding_problem.h"

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
  }
};

}  // namespace

int main(int argc, char** argv) {
  return lab::main("gradient_by_time", "Trains on the adding problem and watches the gradient by time.", argc, argv,
                   [](lab::Run& run) {
                     const lab::Workload workload = workloads::AddingProblem{}.make(run);
                     const auto optimizer = run.optimizer("adam");
                     lab::Plan plan = lab::plan_of_options(run, workload.plan);
                     plan.instruments.push_back(std::make_shared<GradientByTime>(
                         run.option("every", 100, "steps between two measurements", lab::at_least(1))));
                     lab::train(run, workload, optimizer, plan);
                   });
}
