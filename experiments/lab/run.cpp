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

}  // namespace

Run::Run(const std::string& program, const std::string& summary, int argc, const char* const* argv,
         const std::string& default_dtype)
    : options_(program, argc, argv),
      summary_(summary),
      seed_(static_cast<std::uint64_t>(
          options_.get("seed", std::int64_t{0}, "seed of every random stream", at_least(0)))),
      dtype_(floating_dtype(
          options_.get("dtype", default_dtype, "element type of parameters and data", one_of({"float32", "float64"})))),
      threads_(options_.get("threads", 1, "threads of a matrix product", between(1, 1024))),
      continue_after_divergence_(options_.get("continue_after_divergence", false,
                                              "go on when a number is not finite; the run still counts as diverged")) {}

ChosenOptimizer Run::optimizer(const std::string& fallback, const std::vector<MethodDefaults>& defaults) {
  has_optimizer_ = true;
  return choose_optimizer(options_, fallback, defaults, seed_);
}

const Dataset& Run::dataset(const std::string& fallback) {
  const std::string name = options_.get("data", fallback, "data set: fashion-mnist, or any name with --data-dir");
  const std::string directory =
      options_.get("data_dir", "", "directory of the four IDX files, plain or gzip (MNIST's names)");
  data_.emplace(name, directory);
  return dataset_;
}

void Run::finish_options() {
  const bool help = options_.control("help", false, "print this and end");
  const bool describe = options_.control("describe", false, "print the options as JSON and end");
  const bool list =
      has_optimizer_ && options_.control("list_optimizers", false,
                                         "print every optimizer, wrapper and schedule with its numbers, and end");
  const bool quiet = options_.control("quiet", false, "no progress on the terminal");
  const bool overwrite = options_.control("overwrite", false, "replace the run in an existing output folder");
  const std::string fallback = "results/" + options_.program();
  const std::string output =
      options_.control("output", fallback.c_str(),
                       "folder of this run, or one file for its results if the name ends in .h5; must not exist");
  if (help) std::fputs(options_.help_text(summary_).c_str(), stdout);
  if (describe) {
    nlohmann::json description = options_.describe_json();
    if (has_optimizer_) description.update(described_optimizers());
    std::fputs((description.dump(2) + "\n").c_str(), stdout);
  }
  if (list) std::fputs(list_of_optimizers().c_str(), stdout);
  if (help || describe || list) throw Finished{};
  options_.finish();
  paths_.check(output, overwrite);
  output_ = {output, overwrite, quiet};
}

void Run::start() { start({{"loss", "nat", "loss of the batch before the step"}}); }

void Run::start(std::vector<Column> step_columns) {
  if (!output_) finish_options();
  if (data_) dataset_ = load_idx_dataset(data_->first, data_->second, dtype_);
  kernels::set_threads(threads_);
  if (SingleFile::is_meant_by(output_->path)) single_file_.emplace(output_->path, output_->overwrite);
  folder_ =
      std::make_unique<RunFolder>(options_.program(), options_.values_json(), seed_,
                                  single_file_ ? single_file_->folder().string() : output_->path, output_->overwrite);
  folder_->set_attribute("product_library", kernels::product_library());
  steps_ = &folder_->table("step", std::move(step_columns));
  progress_.start(options_.program(), output_->quiet);
}

RunTable& Run::table(const std::string& name, std::vector<Column> columns) {
  if (!folder_) throw std::logic_error("table: before start()");
  return folder_->table(name, std::move(columns));
}

void Run::log_solver(std::int64_t step, const optim::StepReport& report) {
  if (!solver_) {
    const std::string codes = optim::reason_codes();
    solver_ = &table("solver", {{"damping", "1", "weight of the identity added to the curvature"},
                                {"trust_radius", "1", "radius of the trust region"},
                                {"reduction_ratio", "1", "reduction of the loss over that of the model"},
                                {"inner_iterations", "1", "iterations of the solver inside the step"},
                                {"inner_reason", "1", "why the solver stopped: " + codes},
                                {"reason", "1", "what the step was: " + codes},
                                {"step_length", "1", "factor of the direction found"},
                                {"gradient_norm", "1", "Euclidean norm of the gradient before the step"},
                                {"step_norm", "1", "Euclidean norm of the step"}});
  }
  solver_->append(
      step, {report.damping, report.trust_radius, report.reduction_ratio, static_cast<double>(report.inner_iterations),
             static_cast<double>(report.inner_reason), static_cast<double>(report.reason), report.step_length,
             report.gradient_norm, report.step_norm});
}

void Run::log(const optim::StepReport& report) {
  if (!steps_) throw std::logic_error("log: before start()");
  const std::int64_t step = steps_->rows();
  const bool solves = report.inner_iterations >= 0 || !std::isnan(report.damping);
  if (solves && folder_) log_solver(step, report);
  log_row(step, std::span(&report.loss, 1), report.loss);
  if (report.is_diverged() && !diverged(fmt::format("a gradient, a product or every trial is not finite at step {}", step)))
    throw Diverged(divergence_);
}

void Run::log_row(std::int64_t step, std::span<const double> values, double loss) {
  if (!steps_) throw std::logic_error("log: before start()");
  steps_->append(step, values);
  progress_.step(step + 1, loss);
  stop_if_asked();
  if (!std::isfinite(loss) && !diverged(fmt::format("the loss became {} at step {}", loss, step)))
    throw Diverged(divergence_);
}

bool Run::diverged(const std::string& why) {
  if (divergence_.empty()) divergence_ = why;
  return continue_after_divergence_;
}

void Run::stop_if_asked() const {
  if (stop_signal) throw Interrupted{};
}

void Run::set_attribute(const std::string& name, const nlohmann::json& value) {
  if (!folder_) throw std::logic_error("set_attribute: before start()");
  folder_->set_attribute(name, value);
}

int main(const std::string& program, const std::string& summary, int argc, const char* const* argv,
         const std::function<void(Run&)>& body, const std::string& default_dtype) {
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
    if (run->single_file_) run->single_file_->publish();
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
    run = std::make_unique<Run>(program, summary, argc, argv, default_dtype);
    body(*run);
    if (!run->divergence_.empty()) throw Diverged(run->divergence_);
    end(Status::completed, run->reason_);
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
