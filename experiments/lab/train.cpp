#include "experiments/lab/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "autodiff/tensor/vectors.h"
#include "experiments/lab/fingerprint.h"
#include "experiments/lab/fit.h"
#include "experiments/lab/origin.h"

namespace gradus::lab {
namespace {

using records::Better;

// Sums of doubles may come to a hair less than a count.
constexpr double almost = 1 - 1e-12;

// A method that asks for products has asked for one by then.
constexpr std::int64_t most_without_products = 100;

bool is_evaluated(const Source& source, const Plan& plan) {
  return source.defined() && !(source.is_endless() && plan.evaluation_examples == whole_set);
}

// With their names.
std::vector<std::pair<const char*, const Source*>> evaluated_sets(const Dataset& data, const Plan& plan) {
  std::vector<std::pair<const char*, const Source*>> all = {
      {"training", &data.train}, {"validation", &data.validation}, {"test", &data.test}};
  std::erase_if(all, [&](const auto& set) { return !is_evaluated(*set.second, plan); });
  return all;
}

// What a row tells of the training so far, beside the metrics.
struct SoFar {
  double running_loss, epoch, seconds, gradient_equivalents, state_bytes;
  const optim::Costs& costs;
};
struct SoFarColumn {
  Column column;
  double (*value)(const SoFar& so_far);
};
const std::vector<SoFarColumn>& so_far_columns() {
  using P = const SoFar&;
  static const std::vector<SoFarColumn> all = {
      {{.name = "running_loss", .long_name = "mean loss of the batches since the last row"},
       [](P so_far) { return so_far.running_loss; }},
      {{.name = "epoch", .long_name = "examples given to steps, over those of the training set"},
       [](P so_far) { return so_far.epoch; }},
      {{.name = "training_seconds", .units = "s", .long_name = "in steps, without evaluation and logging"},
       [](P so_far) { return so_far.seconds; }},
      {{.name = "gradient_equivalents", .long_name = "everything computed, in gradients of the whole training set"},
       [](P so_far) { return so_far.gradient_equivalents; }},
      {{.name = "gradients", .long_name = "gradients evaluated"},
       [](P so_far) { return static_cast<double>(so_far.costs.gradients); }},
      {{.name = "products", .long_name = "curvature products"},
       [](P so_far) { return static_cast<double>(so_far.costs.products); }},
      {{.name = "examples", .long_name = "training examples evaluated, counted each time"},
       [](P so_far) { return static_cast<double>(so_far.costs.examples); }},
      {{.name = "optimizer_state_bytes", .units = "byte", .long_name = "memory that the optimizer keeps between steps"},
       [](P so_far) { return so_far.state_bytes; }}};
  return all;
}

// Of the table "evaluation".
std::vector<Column> columns_of(const Workload& workload, const Plan& plan) {
  std::vector<Column> all;
  for (const auto& [name, source] : evaluated_sets(workload.data, plan))
    for (const Metric& metric : workload.metrics) {
      Column column = metric.column;
      column.name = fmt::format("{}_{}", name, column.name);
      column.long_name += fmt::format(" on the {} set", name);
      all.push_back(std::move(column));
    }
  for (const SoFarColumn& one : so_far_columns()) all.push_back(one.column);
  return all;
}

std::size_t position_of(const std::string& name, const std::vector<Column>& columns) {
  const auto at =
      std::find_if(columns.begin(), columns.end(), [&](const Column& column) { return column.name == name; });
  return static_cast<std::size_t>(at - columns.begin());
}

bool has_column(const std::string& name, const std::vector<Column>& columns) {
  return position_of(name, columns) < columns.size();
}

// If a count of steps or epochs ends the training.
std::optional<std::int64_t> known_steps(const Source& train, const Plan& plan) {
  const std::int64_t batch = plan.batch_size == whole_set ? train.size() : std::min(plan.batch_size, train.size());
  const std::int64_t per_epoch = train.is_endless() ? 1 : (train.size() + batch - 1) / batch;
  std::optional<std::int64_t> fewest;
  for (const Amount& amount : plan.budget) {
    if (amount.unit != Unit::steps && amount.unit != Unit::epochs) continue;
    const double count = amount.unit == Unit::steps ? amount.count : amount.count * static_cast<double>(per_epoch);
    const auto steps = static_cast<std::int64_t>(std::ceil(count * almost));
    fewest = std::min(fewest.value_or(steps), steps);
  }
  return fewest;
}

// These throw std::invalid_argument for what is known beforehand to go wrong.

void check_evaluation(const Workload& workload, const ChosenOptimizer& optimizer, const Plan& plan) {
  if (workload.metrics.empty()) throw std::invalid_argument("train: a workload without a metric");
  for (const Metric& metric : workload.metrics)
    if (!metric.add || !metric.value)
      throw std::invalid_argument(fmt::format("metric {}: it has no add() or no value()", metric.column.name));
  records::MetricTable("evaluation", columns_of(workload, plan), {.name = "step"});  // refuses what a table refuses
  if (plan.stop_at_target && workload.target.column.empty())
    throw std::invalid_argument(fmt::format("--stop-at-target: workload {} has no target", workload.name));
  if (optimizer.observes() && !workload.data.validation.defined())
    throw std::invalid_argument(
        "a schedule observes the loss on validation examples, and there are none: --validation-examples keeps some of "
        "the training set for it");
  if (optimizer.observes() && plan.evaluate_every.unit == Unit::seconds)
    throw std::invalid_argument(
        "--evaluation-unit=seconds: a schedule observes the validation loss at each evaluation, and the clock must not "
        "decide when: expected steps or epochs");
  const std::string& target = workload.target.column;
  const auto is_metric = [&](const Metric& metric) { return target.ends_with("_" + metric.column.name); };
  const bool is_evaluated = has_column(target, columns_of(workload, plan));
  if (!target.empty() && !is_evaluated &&
      (plan.stop_at_target || std::none_of(workload.metrics.begin(), workload.metrics.end(), is_metric)))
    throw std::invalid_argument(
        fmt::format("workload {}: its target is of '{}', which is not evaluated", workload.name, target));
}

void check_instruments(const Watched& watched, const Plan& plan) {
  std::set<std::string> names = {"evaluation", "step", "solver"};
  for (const auto& instrument : plan.instruments) {
    if (!names.insert(instrument->name()).second)
      throw std::invalid_argument(
          fmt::format("instrument {}: there is another table of this name", instrument->name()));
    instrument->check(watched);
  }
}

void check(const Run& run, const Workload& workload, const ChosenOptimizer& optimizer, const Plan& plan) {
  const Source& train = workload.data.train;
  if (!workload.model) throw std::invalid_argument(fmt::format("workload {}: it has no model", workload.name));
  check_evaluation(workload, optimizer, plan);
  check_fit(workload, run.dtype());
  NetworkObjective objective(workload.model(task_of(train)), workload.loss, run.dtype(), run.stream("noise"));
  optimizer->check(objective);
  if (plan.budget.empty()) throw std::invalid_argument("train: a plan without a budget would never end");
  if (train.is_endless() && plan.batch_size == whole_set)
    throw std::invalid_argument("--batch-size=0: all of examples without end, expected a number");
  if (const auto steps = known_steps(train, plan)) optimizer->check_steps(*steps);
  check_instruments({workload, objective, *optimizer}, plan);
}

class Training {
 public:
  Training(Run& run, const Workload& workload, const ChosenOptimizer& optimizer, const Plan& plan)
      : run_(run),
        workload_(workload),
        optimizer_(optimizer),
        plan_(plan_of(run, plan)),
        columns_(columns_of(workload, plan)),
        trainer_(run, workload.model(task_of(workload.data.train)), workload.loss, *optimizer, plan.clock),
        batches_(stream(plan.batch_size, "shuffle")),
        examples_(workload.data.train.is_endless() ? batches_.batch_size() : workload.data.train.size()),
        next_evaluation_(plan.evaluate_every.count) {
    if (plan.curvature_batch_size > 0) curvature_batches_.emplace(stream(plan.curvature_batch_size, "curvature"));
  }

  Trained go() {
    table_ = &run_.table("evaluation", columns_, {.name = "step"});
    run_.set_attribute("default", "evaluation");  // the table that readers open first
    watch();
    fingerprint_.emplace(run_);
    if (const auto steps = known_steps(workload_.data.train, plan_)) run_.expect_steps(*steps);
    if (!go_on()) {
      evaluate();
      fingerprint_->look(0, trainer_.parameters());
      run_.end_of_step(0);
    }
    while (!is_spent()) {
      step();
      if (steps_ == most_without_products && never_ends())
        throw std::invalid_argument(
            fmt::format("train: after {} steps of {} there was no curvature product, and these alone end the training",
                        steps_, optimizer_.name));
      if (passes_next_evaluation()) evaluate();
      fingerprint_->look(steps_, trainer_.parameters());
      run_.end_of_step(steps_);
    }
    if (evaluated_at_ != steps_) evaluate();
    fingerprint_->look_last(steps_, trainer_.parameters());
    return {optimizer_->evaluation_point(trainer_.parameters()), steps_, trainer_.training_seconds(), trainer_.costs()};
  }

 private:
  // A training that is computed again takes as many steps as it took, whatever ended it.
  static Plan plan_of(const Run& run, Plan plan) {
    if (!run.again()) return plan;
    if (!run.again()->at.empty() && plan.instruments.empty())
      throw UsageError("--at: nothing measures there: expected --instruments too");
    plan.budget = {lab::steps(static_cast<double>(run.again()->steps))};
    for (const auto& instrument : plan.instruments)
      if (!run.again()->at.empty()) instrument->measure_at(run.again()->at);
    return plan;
  }

  bool go_on() {
    if (!run_.keeps_its_state()) return false;
    run_.keep("trainer", trainer_);
    run_.keep("optimizer", optimizer_, Fit::matching);
    run_.keep(
        "optimizer memory", [this](optim::StateVisitor& visitor) { optimizer_->visit_memory(visitor); }, Fit::matching);
    run_.keep("batches", batches_);
    if (curvature_batches_) run_.keep("curvature batches", *curvature_batches_);
    run_.keep("fingerprint", *fingerprint_);
    for (const auto& instrument : plan_.instruments)
      run_.keep("instrument " + instrument->name(), *instrument, Fit::matching);
    run_.keep("training", *this);  // which asks the trainer what was spent
    return run_.go_on([this] { begin_fork(); });
  }

  void begin_fork() {
    if (is_spent()) throw UsageError(fmt::format("--fork: the budget is spent by step {}, where it begins", steps_));
    const auto draw = [this](const char* purpose, BatchStream* batches) {
      if (!run_.draws_anew(purpose)) return;
      if (!batches || !batches->is_shuffled())
        throw UsageError(fmt::format("--reseed={}: this training draws nothing for that", purpose));
      batches->draw_rest_anew();
    };
    draw("shuffle", &batches_);
    draw("curvature", curvature_batches_ ? &*curvature_batches_ : nullptr);
  }

 public:
  void visit(optim::StateVisitor& visitor) {
    double interval = plan_.evaluate_every.count;
    auto unit = plan_.evaluate_every.unit;
    visitor.counter("steps", steps_);
    visitor.counter("seen", seen_);
    visitor.counter("evaluated_at", evaluated_at_);
    visitor.number("running_loss", running_loss_);
    visitor.counter("running_examples", running_examples_);
    visitor.whole("is_reached", is_reached_);
    visitor.number("next_evaluation", next_evaluation_);
    visitor.number("evaluation_interval", interval);
    visitor.whole("evaluation_unit", unit);
    // A fork that is evaluated otherwise is so from where it begins.
    if (interval != plan_.evaluate_every.count || unit != plan_.evaluate_every.unit) {
      next_evaluation_ = 0;
      passes_next_evaluation();
    }
  }

 private:
  bool passes_next_evaluation() {
    const double now = spent(plan_.evaluate_every.unit);
    if (next_evaluation_ > 0 && now < next_evaluation_ * almost) return false;
    if (next_evaluation_ == 0) next_evaluation_ = plan_.evaluate_every.count;
    while (now >= next_evaluation_ * almost) next_evaluation_ += plan_.evaluate_every.count;
    return true;
  }
  // So far.
  double spent(Unit unit) const {
    const optim::Costs& costs = trainer_.costs();
    switch (unit) {
      case Unit::steps:
        return static_cast<double>(steps_);
      case Unit::epochs:
        return static_cast<double>(seen_) / static_cast<double>(examples_);
      case Unit::examples:
        return static_cast<double>(costs.examples);
      case Unit::gradient_equivalents:
        return costs.gradient_equivalents / static_cast<double>(examples_);
      case Unit::products:
        return static_cast<double>(costs.products);
      case Unit::seconds:
        return trainer_.training_seconds();
    }
    return 0;
  }
  bool never_ends() const {
    const auto is_of_products = [](const Amount& amount) { return amount.unit == Unit::products; };
    return trainer_.costs().products == 0 && std::all_of(plan_.budget.begin(), plan_.budget.end(), is_of_products);
  }
  bool is_spent() const {
    if (plan_.stop_at_target && is_reached_) return true;
    const auto spends = [this](const Amount& amount) { return spent(amount.unit) >= amount.count * almost; };
    return std::any_of(plan_.budget.begin(), plan_.budget.end(), spends);
  }
  BatchStream stream(std::int64_t batch_size, const char* purpose) const {
    return {workload_.data.train, batch_size, run_.dtype(), plan_.order,
            [&run = run_, purpose](std::uint64_t pass) { return run.stream(purpose, pass); }};
  }

  void watch() {
    if (plan_.instruments.empty()) return;
    watched_.emplace(workload_.model(task_of(workload_.data.train)), workload_.loss, run_.dtype(),
                     run_.stream("noise"));
    for (const auto& instrument : plan_.instruments) instrument->open(run_, {workload_, *watched_, *optimizer_});
  }

  void step() {
    const Batch& batch = batches_.next();
    const Batch* curvature = curvature_batches_ ? &curvature_batches_->next() : nullptr;
    const bool is_watched = std::any_of(plan_.instruments.begin(), plan_.instruments.end(),
                                        [&](const auto& instrument) { return instrument->is_due(steps_); });
    if (is_watched)
      vectors::shaped(before_, trainer_.parameters().shape(), run_.dtype()).copy_from(trainer_.parameters());
    const optim::StepReport report = curvature ? trainer_.step(batch, *curvature) : trainer_.step(batch);
    run_.log(report);
    if (is_watched) look(batch, report);
    ++steps_;
    const std::int64_t examples = batch.targets.shape()[0];
    seen_ += examples;
    running_loss_ += report.loss * static_cast<double>(examples);
    running_examples_ += examples;
  }

  void look(const Batch& batch, const optim::StepReport& report) {
    for (const auto& instrument : plan_.instruments)
      if (instrument->is_due(steps_))
        instrument->look({{workload_, *watched_, *optimizer_}, steps_, before_, trainer_.parameters(), batch, report});
  }

  void evaluate() {
    std::vector<double> row;
    std::optional<double> validation_loss;
    std::string told;
    for (const auto& [name, source] : evaluated_sets(workload_.data, plan_)) {
      const std::vector<double> values = trainer_.evaluate(*source, workload_.metrics, plan_.evaluation_examples);
      if (source == &workload_.data.validation) validation_loss = values.front();
      for (std::size_t i = 0; i < values.size(); ++i)
        told += fmt::format("{}{} {} {:.4g}", told.empty() ? "" : ", ", i == 0 ? name : "",
                            workload_.metrics[i].column.name, values[i]);
      row.insert(row.end(), values.begin(), values.end());
    }
    const SoFar so_far{running_loss_ / static_cast<double>(running_examples_),
                       spent(Unit::epochs),
                       trainer_.training_seconds(),
                       spent(Unit::gradient_equivalents),
                       static_cast<double>(optimizer_->state_bytes()),
                       trainer_.costs()};
    for (const SoFarColumn& one : so_far_columns()) row.push_back(one.value(so_far));
    table_->append(steps_, row);
    run_.say(fmt::format("step {}, epoch {:.4g}, {:.1f} s: {}", steps_, spent(Unit::epochs),
                         trainer_.training_seconds(), told));
    note_target(row);
    running_loss_ = 0;
    running_examples_ = 0;
    evaluated_at_ = steps_;
    observe(validation_loss);
  }

  // The optimizer steers by all validation examples, so that it does not matter how many are looked at.
  void observe(std::optional<double> loss) {
    if (!optimizer_.observes() || steps_ == 0) return;
    const Source& validation = workload_.data.validation;
    if (plan_.evaluation_examples != whole_set && plan_.evaluation_examples < validation.size())
      loss = trainer_.evaluate(validation, std::span(&workload_.metrics.front(), 1)).front();
    optimizer_->observe(*loss);
  }

  void note_target(const std::vector<double>& row) {
    const Target& target = workload_.target;
    if (is_reached_ || !has_column(target.column, columns_)) return;
    const std::size_t at = position_of(target.column, columns_);
    const bool is_larger = columns_[at].better == Better::higher;
    is_reached_ = is_larger ? row[at] >= target.value : row[at] <= target.value;
    if (!is_reached_) return;
    run_.set_attribute("target_step", steps_);
    run_.set_attribute("target_seconds", trainer_.training_seconds());
    run_.set_attribute("target_gradient_equivalents", spent(Unit::gradient_equivalents));
  }

  Run& run_;
  const Workload& workload_;
  const ChosenOptimizer& optimizer_;
  const Plan plan_;
  std::vector<Column> columns_;
  Trainer trainer_;
  BatchStream batches_;
  std::optional<BatchStream> curvature_batches_;
  std::int64_t examples_;  // in an epoch
  records::RunTable* table_ = nullptr;
  std::optional<NetworkObjective> watched_;
  Tensor before_;
  std::optional<Fingerprint> fingerprint_;
  std::int64_t steps_ = 0, seen_ = 0, evaluated_at_ = -1;
  double next_evaluation_;
  double running_loss_ = 0;
  std::int64_t running_examples_ = 0;
  bool is_reached_ = false;
};

}  // namespace

Task task_of(const Source& train) {
  const Layout inputs = train.inputs(), targets = train.targets();
  return {inputs.shape, targets.is_whole ? targets.classes : targets.shape.size(), inputs.classes};
}

Trained train(Run& run, const Workload& workload, const ChosenOptimizer& optimizer, const Plan& plan) {
  if (run.has_logged())
    throw std::logic_error(fmt::format(
        "train: the run has logged steps before those of workload {}, expected none: a run has one training, and a "
        "program with several parts steps lab::Trainer by itself",
        workload.name));
  if (run.is_started()) {
    check(run, workload, optimizer, plan);
  } else {
    run.keeps_state();
    run.before_start([&] { from_options([&] { check(run, workload, optimizer, plan); }); });
    run.start(workload.metrics.front().column.units);
  }
  return Training(run, workload, optimizer, plan).go();
}

}  // namespace gradus::lab
