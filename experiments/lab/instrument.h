// Something that is measured every few steps of a training, with its price.
//
// An instrument is a class like this, in a file of its own:
//
//   class UpdateNorm final : public Instrument {
//    public:
//     explicit UpdateNorm(std::int64_t every) : Instrument("update_norm", every) {}
//     std::vector<Column> columns(const Watched&) override {
//       return {{.name = "norm", .long_name = "Euclidean norm of the step"}};
//     }
//     void measure(const Moment& at, std::vector<double>& row) override { row = {distance(at.before, at.after)}; }
//   };
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "experiments/lab/network_objective.h"
#include "experiments/records/run_table.h"
#include "optim/optimizer.h"
#include "settings/catalogue.h"
#include "settings/field.h"

namespace gradus::lab {

class Run;
struct Workload;

// The training that is watched.
struct Watched {
  const Workload& workload;
  // The training's model and loss, made a second time: what an instrument computes with it is neither counted with the
  // training nor changes its bits.
  NetworkObjective& objective;
  optim::Optimizer& optimizer;
};

// A step that has just been taken. The objective is at `before`, has the batch of the gradient, for curvature too, and
// draws the dropout masks that the training drew. Each instrument finds it so, and pays for all that it asks.
struct Moment : Watched {
  std::int64_t step;             // steps that were taken before it
  const Tensor &before, &after;  // the parameters
  const Batch& batch;
  const optim::StepReport& report;
};

class Instrument {
 public:
  // Measures steps 0, every, 2 every, ... into the table `name`, whose index is the step.
  Instrument(std::string name, std::int64_t every);
  virtual ~Instrument() = default;
  const std::string& name() const { return name_; }
  std::int64_t every() const { return every_; }

  // What it remembers from one measurement to the next, for a run that is continued.
  virtual void visit(optim::StateVisitor&) {}

  // For the training. Throws std::invalid_argument where it cannot measure this one, before there is a run.
  void check(const Watched& watched);
  void open(Run& run, const Watched& watched);
  void look(const Moment& at);
  bool is_due(std::int64_t step) const {
    return steps_.empty() ? step % every_ == 0 : std::binary_search(steps_.begin(), steps_.end(), step);
  }
  // Measures these steps instead, which ascend.
  void measure_at(std::vector<std::int64_t> steps) { steps_ = std::move(steps); }
  // What it has written so far, once it is open.
  const records::MetricTable& table() const { return table_->contents(); }

 protected:
  // The table's columns; two follow, which every instrument has: what measuring cost, in seconds and in gradients of
  // one example. Throws std::invalid_argument for a training that cannot be measured so.
  virtual std::vector<records::Column> columns(const Watched& watched) = 0;
  // Appends the values, in the order of the columns.
  virtual void measure(const Moment& at, std::vector<double>& row) = 0;
  // The random numbers of a step, of this instrument alone.
  RandomStream random(const Moment& at) const { return stream_.child("step", static_cast<std::uint64_t>(at.step)); }

 private:
  std::vector<records::Column> all_columns(const Watched& watched);

  std::string name_;
  std::int64_t every_;
  std::vector<std::int64_t> steps_;
  RandomStream stream_ = RandomStream(0);
  records::RunTable* table_ = nullptr;
  std::vector<double> row_;
};

// What the options of an instrument, a plain aggregate, say of it in their describe(): a field for each of them, of
// which one is `every`. The price is in gradients of one example, n being the number of examples looked at.
struct InstrumentDescription {
  std::string_view name, help, price;
  std::vector<settings::Field> fields;
};

// An instrument by name.
struct InstrumentKind {
  std::string name, help, price;
  std::vector<settings::Hyperparameter> options;
  // Throws std::invalid_argument for values that it cannot have.
  std::function<std::shared_ptr<Instrument>(const settings::NamedValues& values)> make;
};
const settings::Catalogue<InstrumentKind>& instruments();
// "sharpness:100,noise_scale:50", with the values of each one's options but `every`: by default, where there is no
// `values`. Throws std::invalid_argument for what is none.
std::vector<std::shared_ptr<Instrument>> instruments_of(
    const std::string& text, const std::function<settings::NamedValues(const InstrumentKind&)>& values = nullptr);

// Declares --instruments=NAME:STEPS,.. and --list-instruments, and of those that are asked for each option, under the
// name --NAME-OPTION.
std::vector<std::shared_ptr<Instrument>> choose_instruments(Run& run);

}  // namespace gradus::lab
