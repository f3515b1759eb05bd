#include "experiments/lab/run.h"

#include <fmt/format.h>

#include <cmath>
#include <csignal>
#include <cstdio>

#include "autodiff/kernels/products.h"
#include "autodiff/heap.h"
#include "autodiff/subnormals.h"

namespace gradus::lab {
namespace {

volatile std::sig_atomic_t stop_signal = 0;

struct Finished {};     // --help or --describe was answered
struct Interrupted {};  // a signal asked the run to stop

// The range of a hyperparameter as an option's check.
Check check_of(const optim::Hyperparameter& h) {
  if (h.kind == optim::Hyperparameter::Kind::count) return at_least(h.low);
  if (h.high_open && std::isfinite(h.high)) return from_to_below(h.low, h.high);
  if (!h.high_open) return between(h.low, h.high);
  return h.low > 0 ? more_than(0) : at_least(0);
}

// Declares a hyperparameter as an option and returns its value.
optim::GivenValue value_from(Options& options, const optim::Hyperparameter& h, const optim::GivenValue& fallback) {
  using Kind = optim::Hyperparameter::Kind;
  switch (h.kind) {
    case Kind::flag: return options.get(h.name, fallback.number() != 0, h.help) ? 1.0 : 0.0;
    case Kind::count:
      return static_cast<double>(options.get(h.name, static_cast<std::int64_t>(fallback.number()), h.help, check_of(h)));
    case Kind::choice: return options.get(h.name, fallback.text(), h.help, one_of(h.choices));
    case Kind::number: break;
  }
  return options.get(h.name, fallback.number(), h.help, check_of(h));
}

// The default of a method's hyperparameter, or the program's where that differs.
optim::GivenValue default_of(const std::string& method, const optim::Hyperparameter& h,
                             const std::vector<MethodDefaults>& changes) {
  for (const MethodDefaults& changed : changes)
    for (const auto& [name, value] : changed.values)
      if (changed.method == method && name == h.name) return value;
  if (h.kind == optim::Hyperparameter::Kind::choice) return h.default_text();
  return h.default_value;
}

}  // namespace

Run::Run(const std::string& program, const std::string& summary, int argc, const char* const* argv)
    : options_(program, argc, argv),
      summary_(summary),
      seed_(static_cast<std::uint64_t>(
          options_.get("seed", std::int64_t{0}, "seed of every random stream", at_least(0)))),
      dtype_(floating_dtype(
          options_.get("dtype", "float32", "element type of parameters and data", one_of({"float32", "float64"})))),
      threads_(options_.get("threads", 1, "threads of a matrix product", between(1, 1024))),
      continue_after_divergence_(options_.get("continue_after_divergence", false,
                                              "go on when the loss is not finite; the run still counts as diverged")) {}

ChosenOptimizer Run::optimizer(const std::string& fallback, const std::vector<MethodDefaults>& defaults) {
  std::vector<std::string> names;
  for (const optim::Method& method : optim::methods()) names.push_back(method.name);
  const std::string name = options_.get("optimizer", fallback, "the method", one_of(names));
  optim::NamedValues values;
  for (const optim::Hyperparameter& h : optim::method(name).hyperparameters)
    values.emplace_back(h.name, value_from(options_, h, default_of(name, h, defaults)));
  return {name, optim::make_optimizer(name, values)};
}

const Dataset& Run::dataset(const std::string& fallback) {
  const std::string name = options_.get("data", fallback, "data set: fashion-mnist, or any name with --data-dir");
  const std::string directory =
      options_.get("data_dir", "", "directory of the four IDX files, plain or gzip (MNIST's names)");
  data_.emplace(name, directory);
  return dataset_;
}

void Run::start() {
  const bool help = options_.control("help", false, "print this and end");
  const bool describe = options_.control("describe", false, "print the options as JSON and end");
  const bool quiet = options_.control("quiet", false, "no progress on the terminal");
  const bool overwrite = options_.control("overwrite", false, "replace the run in an existing output folder");
  const std::string fallback = "results/" + options_.program();
  const std::string output = options_.control("output", fallback.c_str(), "folder of this run; must not exist");
  if (help) std::fputs(options_.help_text(summary_).c_str(), stdout);
  if (describe) std::fputs((options_.describe_json().dump(2) + "\n").c_str(), stdout);
  if (help || describe) throw Finished{};
  options_.finish();

  if (data_) dataset_ = load_idx_dataset(data_->first, data_->second, dtype_);
  kernels::set_threads(threads_);
  folder_ = std::make_unique<RunFolder>(options_.program(), options_.values_json(), seed_, output, overwrite);
  folder_->set_attribute("product_library", kernels::product_library());
  steps_ = &folder_->table("step", {{"loss", "nat", "loss of the batch before the step"}});
  progress_.start(options_.program(), quiet);
}

RunTable& Run::table(const std::string& name, std::vector<Column> columns) {
  if (!folder_) throw std::logic_error("table: before start()");
  return folder_->table(name, std::move(columns));
}

void Run::log(const optim::StepReport& report) {
  if (!steps_) throw std::logic_error("log: before start()");
  const std::int64_t step = steps_->rows();
  steps_->append(step, {report.loss});
  progress_.step(step + 1, report.loss);
  if (stop_signal) throw Interrupted{};
  if (std::isfinite(report.loss) || !divergence_.empty()) return;
  divergence_ = fmt::format("the loss became {} at step {}", report.loss, step);
  if (!continue_after_divergence_) throw Diverged(divergence_);
}

int main(const std::string& program, const std::string& summary, int argc, const char* const* argv,
         const std::function<void(Run&)>& body) {
  std::unique_ptr<Run> run;
  const auto complain = [&](const std::string& what) {
    if (run) run->progress_.finish();
    std::fprintf(stderr, "%s: %s\n", program.c_str(), what.c_str());
  };
  // Ends the run's record; a failure to do so must not hide what happened before.
  const auto end = [&](Status status, const std::string& reason) {
    if (!run || !run->folder_ || run->folder_->finished()) return;
    run->progress_.finish();
    run->folder_->finish(status, reason);
  };
  const auto end_badly = [&](Status status, const std::string& reason) {
    try {
      end(status, reason);
    } catch (const std::exception& error) {
      if (reason != error.what()) complain(error.what());  // a full disk ends the run, and fails its ending too
    }
  };
  const auto code = [](Exit exit) { return static_cast<int>(exit); };

  flush_subnormals();
  keep_freed_memory();
  std::signal(SIGINT, [](int) { stop_signal = 1; });
  std::signal(SIGTERM, [](int) { stop_signal = 1; });
  try {
    run = std::make_unique<Run>(program, summary, argc, argv);
    body(*run);
    if (!run->divergence_.empty()) throw Diverged(run->divergence_);
    end(Status::completed, "");
    return code(Exit::completed);
  } catch (const Finished&) {
    return code(Exit::completed);
  } catch (const Interrupted&) {
    end_badly(Status::interrupted, "stopped by a signal");
    complain("stopped by a signal; what was logged is kept");
    return code(Exit::interrupted);
  } catch (const Diverged& error) {
    end_badly(Status::diverged, error.what());
    complain(std::string("diverged: ") + error.what());
    return code(Exit::diverged);
  } catch (const std::invalid_argument& error) {
    end_badly(Status::failed, error.what());
    complain(error.what());
    return code(Exit::usage);
  } catch (const std::exception& error) {
    end_badly(Status::failed, error.what());
    complain(error.what());
    return code(Exit::failed);
  }
}

}  // namespace gradus::lab
