#include "experiments/lab/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "autodiff/kernels/products.h"
#include "experiments/lab/arithmetic.h"
#include "experiments/lab/checkpointing.h"
#include "experiments/lab/external_optimizer.h"
#include "experiments/lab/origin.h"
#include "experiments/records/provenance.h"
#include "experiments/records/run_folder.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "process/signals.h"
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
    : Run(std::move(options), std::move(summary), default_dtype, Continuation()) {}

Run::Run(Options options, std::string summary, const std::string& default_dtype, Continuation from)
    : options_(std::move(options)),
      summary_(std::move(summary)),
      seed_(static_cast<std::uint64_t>(
          options_.get("seed", std::int64_t{0}, "seed of every random stream", at_least(0)))),
      dtype_(floating_dtype(
          options_.get("dtype", default_dtype, "element type of parameters and data", one_of({"float32", "float64"})))),
      threads_(options_.get("threads", 1, "threads of its arithmetic", between(1, 1024))),
      continue_after_divergence_(options_.get("continue_after_divergence", false,
                                              "go on when a number is not finite; the run still counts as diverged")),
      origin_(std::make_unique<Origin>(std::move(from), seed_)),
      checkpointing_(std::make_unique<Checkpointing>()) {
  checkpointing_->declare(options_);
  origin_->declare(options_, checkpointing_->stop_at());
  fingerprint_interval_ = options_.control("fingerprint_interval", std::int64_t{100},
                                           "steps between two fingerprints of the parameters; 0: none", at_least(0));
}

RandomStream Run::stream(std::string_view purpose, std::uint64_t index) const {
  return origin_->stream(purpose, index);
}

bool Run::draws_anew(std::string_view purpose) const { return origin_->draws_anew(purpose); }

const Again* Run::again() const { return origin_->again() ? &*origin_->again() : nullptr; }

double Run::option(const optim::Hyperparameter& h) {
  if (h.kind != optim::Hyperparameter::Kind::choice) return option_value(options_, h.name, h, h.default_value).number();
  const std::string chosen = option_value(options_, h.name, h, h.default_text()).text();
  return static_cast<double>(std::find(h.choices.begin(), h.choices.end(), chosen) - h.choices.begin());
}

ChosenOptimizer Run::optimizer(const std::string& fallback, const std::vector<MethodDefaults>& defaults) {
  has_optimizer_ = true;
  ChosenOptimizer chosen =
      from_options([&] { return choose_optimizer(options_, fallback, defaults, stream("optimizer"), dtype_); });
  is_untimed_ = chosen.external != nullptr;
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
  study_ = options_.control("study", "", "what the run is made for, kept by it: digests of a study's files, say");
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
  origin_->require_same_options(options_);
  // A sweep asks about runs whose folders it makes itself: an output that is not named is not looked at.
  if (origin_->is_resumed())
    output_ = records::Output::gone_on(output, origin_->from().folder);
  else if (!only_options_ || options_.given("output"))
    output_.emplace(output, overwrite);
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

void Run::find_state() {
  if (origin_->is_new()) return;
  if (!keeps_state_)
    throw UsageError("--resume, --fork, --replay: this program keeps no state to go on from (lab::Run::keeps_state)");
  checkpointing_->find(origin_->from(), origin_->last_beginning(checkpointing_->stop_at()));
}

void Run::open_folder() {
  const std::optional<RunState>& state = checkpointing_->state();
  if (origin_->is_resumed()) {
    for (;;) try {
        folder_ = std::make_unique<records::RunFolder>(origin_->from().folder,
                                                       state ? state->position : records::RunPosition());
        return;
      } catch (const records::FewerRows&) {
        if (!checkpointing_->next_best(origin_->from())) throw;
      }
  }
  try {
    folder_ = std::make_unique<records::RunFolder>(options_.program(), options_.values_json(), seed_,
                                                   output_->choose_folder(), std::chrono::seconds(30),
                                                   options_.controls_json());
  } catch (const records::SystemError& error) {
    if (error.code != EEXIST) throw;
    output_->refuse_as_taken();
  }
  if (!state) return;
  records::RunPosition at = state->position;  // without what that run says of itself alone
  for (const char* own : {"note", "tags", "study", "resumed_at_steps", "checkpoints", "checkpoint_seconds",
                          "checkpoint_bytes", "not_bitwise", "parent_run_id", "parent_config_hash", "first_step"})
    at.attributes.erase(own);
  folder_->begin_with(origin_->from().checkpoints, at);
}

void Run::record_origin() {
  folder_->set_attribute("product_library", kernels::product_library());
  folder_->set_attribute("arithmetic", records::json_text(arithmetic()));
  if (is_untimed_) folder_->set_attribute("untimed", "another program takes the steps");
  if (!note_.empty()) folder_->set_attribute("note", note_);
  if (!tags_.empty()) folder_->set_attribute("tags", tags_);
  if (!study_.empty()) folder_->set_attribute("study", study_);
  if (!checkpointing_->not_bitwise().empty()) folder_->set_attribute("not_bitwise", checkpointing_->not_bitwise());
  origin_->record(*folder_, checkpointing_->state() ? checkpointing_->state()->step : 0);
}

void Run::start(std::vector<Column> step_columns) {
  if (folder_) throw std::logic_error("start: called twice");
  if (!output_) finish_options();
  kernels::set_threads(threads_);
  find_state();
  handle_signals({SIGINT, SIGTERM, SIGUSR1}, [](int) { stop_signal = 1; });
  open_folder();
  record_origin();
  steps_ = &folder_->table("step", std::move(step_columns));
  started_ = true;
  progress_.start(options_.program(), quiet_);
}

void Run::keep(std::string part, optim::Shown show, Fit fit) {
  if (!keeps_state_ || has_gone_on_)
    throw std::logic_error(fmt::format("keep {}: after keeps_state() and start(), and before go_on()", part));
  checkpointing_->keep(std::move(part), std::move(show), fit);
}

bool Run::go_on(const std::function<void()>& begin) {
  if (!keeps_state_ || !started_ || has_gone_on_)
    throw std::logic_error("go_on: once, after keeps_state() and start()");
  has_gone_on_ = true;
  checkpointing_->begin(!origin_->is_replay());
  const std::optional<RunState>& state = checkpointing_->state();
  if (!state) return false;
  try {
    origin_->set_restoring(true);
    const std::vector<std::string> anew = checkpointing_->restore(origin_->from(), origin_->has_same_method(options_));
    origin_->set_restoring(false);
    divergence_ = state->divergence;
    if (origin_->is_fork()) {
      if (begin) begin();
      checkpointing_->keep_at(state->step, *folder_, divergence_);
      if (!anew.empty()) say(fmt::format("what begins anew at step {}: {}", state->step, fmt::join(anew, ", ")));
    }
  } catch (...) {
    started_ = origin_->is_resumed();  // what was begun goes again
    throw;
  }
  // Who asks again for a stop that is behind the run does not send it to its end.
  if (!origin_->is_replay() && checkpointing_->stop_at() >= 0 && state->step >= checkpointing_->stop_at())
    throw RunStopped{state->step, true};
  return true;
}

void Run::end_of_step(std::int64_t step) {
  if (!has_gone_on_) throw std::logic_error("end_of_step: before go_on()");
  try {
    if (!checkpointing_->end_of_step(step, stop_signal, *folder_, divergence_)) return;
  } catch (const StateNotKept&) {
    if (!stop_signal) throw;
    throw records::Interrupted{
        "stopped by a signal; the optimizer's program saves no state, so there is no checkpoint"};
  }
  if (origin_->is_replay() && stop_signal) stop_if_asked();
  throw RunStopped{step, !origin_->is_replay()};
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
  if (!has_gone_on_) stop_if_asked();  // else when the step has come to its end
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
