#include "experiments/lab/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "autodiff/kernels/products.h"
#include "experiments/records/provenance.h"
#include "experiments/records/run_folder.h"
#include "experiments/records/text.h"
#include "settings/text.h"

namespace gradus::lab {
namespace {

volatile std::sig_atomic_t stop_signal = 0;

// Tags: words, written with a comma between.
Check words() {
  const auto canonical = [](const std::string& text) {
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
             c == '.';
    };
    if (text.empty()) return text;
    for (const std::string_view word : settings::split(text, ',')) {
      if (word.empty() || !std::all_of(word.begin(), word.end(), allowed))
        throw UsageError(fmt::format("--tag: '{}', expected words of letters, digits and '_-.', a comma between",
                                     records::printable(text)));
    }
    return text;
  };
  return written_as(canonical);
}

}  // namespace

Run::Run(Options options, std::string summary, const std::string& default_dtype)
    : options_(std::move(options)),
      summary_(std::move(summary)),
      seed_(static_cast<std::uint64_t>(
          options_.get("seed", std::int64_t{0}, "seed of every random stream", at_least(0)))),
      dtype_(floating_dtype(
          options_.get("dtype", default_dtype, "element type of parameters and data", one_of({"float32", "float64"})))),
      threads_(options_.get("threads", 1, "threads of a matrix product", between(1, 1024))),
      continue_after_divergence_(options_.get("continue_after_divergence", false,
                                              "go on when a number is not finite; the run still counts as diverged")) {}

double Run::option(const optim::Hyperparameter& h) {
  if (h.kind != optim::Hyperparameter::Kind::choice) return option_value(options_, h.name, h, h.default_value).number();
  const std::string chosen = option_value(options_, h.name, h, h.default_text()).text();
  return static_cast<double>(std::find(h.choices.begin(), h.choices.end(), chosen) - h.choices.begin());
}

ChosenOptimizer Run::optimizer(const std::string& fallback, const std::vector<MethodDefaults>& defaults) {
  has_optimizer_ = true;
  ChosenOptimizer chosen =
      from_options([&] { return choose_optimizer(options_, fallback, defaults, stream("optimizer"), dtype_); });
  list("list-optimizers", "print every optimizer, wrapper and schedule with its numbers, and end", list_of_optimizers);
  return chosen;
}

void Run::list(const std::string& name, std::string_view help, const std::function<std::string()>& text) {
  asking_.push_back(name);
  if (options_.control(name, false, help)) listed_ += text();
}

Run::~Run() = default;

nlohmann::json Run::description() const {
  nlohmann::json all = options_.describe_json();
  if (has_optimizer_) all.update(described_optimizers());
  all.update(records::program_json());
  all["describe_runs"] = true;
  return all;
}

void Run::finish_options() {
  const bool help = options_.control("help", false, "print this and end");
  const bool describe =
      options_.control("describe", false, "print the options and the program's identity as JSON, and end");
  options_.control(
      "describe_runs", false,
      "read a JSON array of arguments from each line of standard input, print what each would be, and end");
  quiet_ = options_.control("quiet", false, "no progress on the terminal");
  const bool overwrite =
      options_.control("overwrite", false, "replace the run in the output once this one has come to its end");
  note_ = options_.control("note", "", "a sentence that the run keeps, for reports");
  tags_ = options_.control("tag", "", "words that the run keeps, a comma between, for reports to choose by", words());
  const std::string fallback = "results/" + options_.program();
  const std::string output =
      options_.control("output", fallback.c_str(),
                       "folder of this run, or one file for its results if the name ends in .h5; must not exist");
  for (const std::string& name : asking_)
    if (options_.given(name) && (only_options_ || name == "describe-runs"))
      throw UsageError(fmt::format("--{}: expected alone, not among the arguments of a run", name));
  if (help) records::put(options_.help_text(summary_));
  if (describe) records::put(description().dump(2) + "\n");
  records::put(listed_);
  if (help || describe || !listed_.empty()) throw Finished{};
  options_.finish();
  // A sweep asks about runs whose folders it makes itself: an output that is not named is not looked at.
  if (!only_options_ || options_.given("output")) output_.emplace(output, overwrite);
  paths_.check(output, overwrite);
  for (const auto& check : checks_) check();
  if (only_options_) throw Finished{};
}

void Run::start(const std::string& loss_units) {
  start(std::vector<Column>{{.name = "loss",
                             .units = loss_units,
                             .long_name = "loss of the batch before the step",
                             .better = records::Better::lower}});
}

void Run::start(std::vector<Column> step_columns) {
  if (folder_) throw std::logic_error("start: called twice");
  if (!output_) finish_options();
  kernels::set_threads(threads_);
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stop_signal = 1; });
  try {
    folder_ = std::make_unique<records::RunFolder>(options_.program(), options_.values_json(), seed_,
                                                   output_->choose_folder());
  } catch (const records::SystemError& error) {
    if (error.code != EEXIST) throw;
    output_->refuse_as_taken();
  }
  folder_->set_attribute("product_library", kernels::product_library());
  if (!note_.empty()) folder_->set_attribute("note", note_);
  if (!tags_.empty()) folder_->set_attribute("tags", tags_);
  steps_ = &folder_->table("step", std::move(step_columns));
  started_ = true;
  progress_.start(options_.program(), quiet_);
}

RunTable& Run::table(const std::string& name, std::vector<Column> columns, records::Index index) {
  if (!folder_) throw std::logic_error("table: before start()");
  return folder_->table(name, std::move(columns), std::move(index));
}

void Run::log_solver(std::int64_t step, const optim::StepReport& report) {
  const auto told = [](double number) { return !std::isnan(number); };
  if (report.inner_iterations < 0 && !told(report.damping) && !told(report.trust_radius) &&
      !told(report.reduction_ratio) && !told(report.step_length))
    return;
  if (!solver_) {
    std::vector<std::string> reasons;
    for (int code = 0; code <= static_cast<int>(optim::Reason::not_finite); ++code)
      reasons.emplace_back(optim::name_of(static_cast<optim::Reason>(code)));
    const std::string codes = optim::reason_codes();
    solver_ = &table(
        "solver",
        {{"damping", "1", "weight of the identity added to the curvature"},
         {"trust_radius", "1", "radius with which the step was computed"},
         {"reduction_ratio", "1", "reduction of the loss over that of the model"},
         {"inner_iterations", "1", "iterations of the solver inside the step; -1 where there was none"},
         {.name = "inner_reason", .long_name = "why the solver stopped: " + codes, .flags = reasons},
         {.name = "reason", .long_name = "what the step was: " + codes, .flags = reasons},
         {"step_length", "1", "factor of the direction found"},
         {.name = "gradient_norm", .long_name = "Euclidean norm of the gradient before the step", .draw = Draw::log},
         {.name = "step_norm", .long_name = "Euclidean norm of the step", .draw = Draw::log}});
  }
  solver_->append(
      step, {report.damping, report.trust_radius, report.reduction_ratio, static_cast<double>(report.inner_iterations),
             static_cast<double>(report.inner_reason), static_cast<double>(report.reason), report.step_length,
             report.gradient_norm, report.step_norm});
}

void Run::log(const optim::StepReport& report) {
  if (!steps_) throw std::logic_error("log: before start()");
  const std::int64_t step = steps_->rows();
  log_solver(step, report);
  log_row(step, std::span(&report.loss, 1), report.loss);
  if (report.is_diverged() &&
      !diverged(fmt::format("a gradient, a product or every trial is not finite at step {}", step)))
    throw Diverged(divergence_);
}

void Run::log_row(std::int64_t step, std::span<const double> values, double loss) {
  if (!steps_) throw std::logic_error("log: before start()");
  steps_->append(step, values);
  has_logged_ = true;
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
  if (stop_signal) throw records::Interrupted{"stopped by a signal"};
}

void Run::set_attribute(const std::string& name, const Attribute& value) {
  if (!folder_) throw std::logic_error("set_attribute: before start()");
  std::visit([&](const auto& plain) { folder_->set_attribute(name, plain); }, value);
}

}  // namespace gradus::lab
