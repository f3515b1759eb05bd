// Do second-order methods train a deep autoencoder faster than tuned first-order ones, at equal seconds and at equal
// gradients? This program trains one with one optimizer and one seed until a budget is spent; the sweep beside it asks
// the question.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <optional>

#include "autodiff/operations.h"
#include "experiments/lab/network_objective.h"
#include "experiments/lab/run.h"
#include "experiments/workloads/autoencoder.h"
#include "experiments/workloads/models.h"
#include "nn/losses.h"

using namespace gradus;

namespace {

const std::vector<lab::Column> columns = {
    {"training_loss", "1", "mean squared error of a pixel, over the first images of the training set"},
    {"validation_loss", "1", "mean squared error of a pixel, over as many held-out images"},
    {"training_error", "1", "squared error of an image, summed over its pixels: training_loss times the pixels"},
    {"training_seconds", "s", "seconds spent in steps so far, without evaluation and logging"},
    {"gradient_equivalents", "1", "everything computed so far, in gradients of the whole training set"},
    {"optimizer_state_bytes", "byte", "memory that the optimizer keeps between steps"},
    {"gradients", "1", "gradients evaluated so far"},
    {"products", "1", "curvature products so far"},
    {"examples", "1", "training examples seen so far, counted each time"},
    {"steps", "1", "steps so far"}};

// Batches without end, in a new order each time all examples have been seen.
class Supply {
 public:
  Supply(const lab::Run& run, const lab::Split& split, std::int64_t batch_size, std::string purpose)
      : run_(run), purpose_(std::move(purpose)), batches_(split, batch_size, run.stream(purpose_, 0)) {}
  // The next images, as inputs and as targets; valid until the next call.
  lab::Batch next() {
    if (next_ == batches_.size()) {
      batches_.shuffle(run_.stream(purpose_, ++pass_));
      next_ = 0;
    }
    const Tensor& images = batches_[next_++].inputs;
    return {images, images};
  }

 private:
  const lab::Run& run_;
  std::string purpose_;
  lab::Batches batches_;
  std::int64_t next_ = 0;
  std::uint64_t pass_ = 0;
};

// The squared error of an image, summed over its pixels, as Martens (2010) takes it. The scale matters: damping and the
// preconditioner's squared gradients are compared with curvature.
Var squared_error(const Var& outputs, const Var& images) {
  return nn::mean_squared_error(outputs, images) * static_cast<double>(outputs.shape()[1]);
}

// Seconds of the clock on the wall, or those that the processor gave to this process.
double now(bool processor) {
  if (!processor) return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  std::timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double mean_loss(lab::NetworkObjective& objective, const Tensor& theta, const lab::Split& split,
                 std::int64_t examples) {
  double sum = 0;
  for (std::int64_t first = 0; first < examples; first += 500) {
    const Tensor images = split.images.rows(first, std::min<std::int64_t>(500, examples - first));
    sum += objective.forward(theta, {images, images}, nn::Mode::evaluate).loss.item() *
           static_cast<double>(images.shape()[0]);
  }
  return sum / static_cast<double>(examples * split.images.shape()[1]);
}

// What the options say, but for model, optimizer and data.
struct Asked {
  lab::Run& run;
  double budget_seconds =
      run.option("budget_seconds", 300.0, "seconds of training after which to stop; 0: no limit", lab::at_least(0));
  double budget_gradients = run.option(
      "budget_gradient_equivalents", 0.0,
      "gradients of the whole training set, or work as dear, after which to stop; 0: no limit", lab::at_least(0));
  double interval = run.option("evaluation_interval", 10.0, "training between two evaluations", lab::more_than(0));
  bool by_steps = run.option("evaluation_unit", "seconds",
                             "of the interval; a schedule that observes the held-out loss needs steps",
                             lab::one_of({"seconds", "steps"})) == "steps";
  bool processor_clock =
      run.option("clock", "wall",
                 "seconds of training by: wall; processor, those given to this process, where others compete for it",
                 lab::one_of({"wall", "processor"})) == "processor";
  int evaluated = run.option("evaluation_examples", 10000, "images of each set that are evaluated", lab::at_least(1));
  int batch_size = run.option("batch_size", 128, "images in a batch of the gradient", lab::at_least(1));
  int curvature_batch_size = run.option(
      "curvature_batch_size", 0, "images in a batch of its own for curvature; 0: the gradient's", lab::at_least(0));
};

void refuse_contradictions(const Asked& asked, const lab::ChosenOptimizer& optimizer) {
  if (asked.budget_seconds <= 0 && asked.budget_gradients <= 0)
    throw lab::UsageError("options --budget-seconds and --budget-gradient-equivalents: expected at least one above 0");
  if (asked.by_steps && asked.interval != std::floor(asked.interval))
    throw lab::UsageError(fmt::format("--evaluation-interval={}: expected a whole number of steps", asked.interval));
  if (optimizer.observes() && !asked.by_steps)
    throw lab::UsageError(
        "--evaluation-unit=seconds: a schedule observes the held-out loss at each evaluation, and the clock must not "
        "decide when: expected steps");
}

class Training {
 public:
  Training(const Asked& asked, const lab::Dataset& data, lab::NetworkObjective& objective, optim::Optimizer& optimizer)
      : run_(asked.run),
        asked_(asked),
        data_(data),
        objective_(objective),
        optimizer_(optimizer),
        theta_(objective.parameters().initial(run_.dtype(), run_.stream("initialisation"))),
        batches_(run_, data.train, std::min<std::int64_t>(asked.batch_size, data.train.size()), "shuffle"),
        table_(run_.table("epoch", columns)) {
    if (asked.curvature_batch_size > 0)
      curvature_batches_.emplace(run_, data.train,
                                 std::min<std::int64_t>(asked.curvature_batch_size, data.train.size()), "curvature");
  }

  // Until the budget is spent. `observes`: the optimizer steers by the loss of all held-out images, so that it does not
  // matter how many are looked at.
  void go(bool observes) {
    record();
    double last_evaluation = 0;
    while (!spent()) {
      step();
      const double now_at = asked_.by_steps ? static_cast<double>(steps_) : seconds_;
      if (now_at - last_evaluation < asked_.interval || spent()) continue;
      last_evaluation = now_at;
      record();
      if (observes)
        optimizer_.observe(mean_loss(objective_, optimizer_.evaluation_point(theta_), data_.test, data_.test.size()));
    }
    record();
  }

 private:
  double gradient_equivalents() const {
    return objective_.costs().gradient_equivalents / static_cast<double>(data_.train.size());
  }
  bool spent() const {
    return (asked_.budget_seconds > 0 && seconds_ >= asked_.budget_seconds) ||
           (asked_.budget_gradients > 0 && gradient_equivalents() >= asked_.budget_gradients);
  }

  void step() {
    const double start = now(asked_.processor_clock);
    objective_.set_batch(batches_.next());
    if (curvature_batches_) objective_.set_curvature_batch(curvature_batches_->next());
    const optim::StepReport report = optimizer_.step(objective_, theta_);
    seconds_ += now(asked_.processor_clock) - start;
    ++steps_;
    run_.log(report);
  }

  void record() {
    const Tensor point = optimizer_.evaluation_point(theta_);
    const auto loss_of = [&](const lab::Split& split) {
      return mean_loss(objective_, point, split, std::min<std::int64_t>(asked_.evaluated, split.size()));
    };
    const double training = loss_of(data_.train), held_out = loss_of(data_.test);
    const optim::Costs& costs = objective_.costs();
    table_.append(table_.rows(), {training, held_out, training * static_cast<double>(data_.height * data_.width),
                                  seconds_, gradient_equivalents(), static_cast<double>(optimizer_.state_bytes()),
                                  static_cast<double>(costs.gradients), static_cast<double>(costs.products),
                                  static_cast<double>(costs.examples), static_cast<double>(steps_)});
    run_.say(
        fmt::format("{:7.1f} s, {:7.2f} gradients of the set, {} steps: training loss {:.6f}, held-out loss {:.6f}",
                    seconds_, gradient_equivalents(), steps_, training, held_out));
  }

  lab::Run& run_;
  const Asked& asked_;
  const lab::Dataset& data_;
  lab::NetworkObjective& objective_;
  optim::Optimizer& optimizer_;
  Tensor theta_;
  Supply batches_;
  std::optional<Supply> curvature_batches_;
  lab::RunTable& table_;
  double seconds_ = 0;
  std::int64_t steps_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  return lab::main(
      "second_order", "Trains a deep autoencoder with one optimizer and one seed until a budget is spent.", argc, argv,
      [](lab::Run& run) {
        const Asked asked{run};
        const workloads::Model model = workloads::choose_model(run, workloads::Autoencoder{.activation = "tanh"});
        const auto optimizer = run.optimizer(
            "hessian_free",
            {{"hessian_free", {{"initial_damping", 10}, {"damping_factor", 1.02}, {"max_iterations", 20}}}});
        const lab::Dataset& data = run.dataset("fashion-mnist");
        refuse_contradictions(asked, optimizer);
        const auto objective_of = [&](const Shape& image) {
          return std::make_unique<lab::NetworkObjective>(model.make({image, image.size()}),
                                                         nn::Loss(squared_error, nn::Likelihood::normal_sum),
                                                         run.dtype(), run.stream("noise"));
        };
        // Refused before the run starts, whatever the data's sizes are.
        lab::from_options([&] { optimizer->check(*objective_of({1, 1})); });
        run.start();
        const auto objective = objective_of({data.height, data.width});
        Training(asked, data, *objective, *optimizer).go(optimizer.observes());
      });
}
