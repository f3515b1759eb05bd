#include "experiments/minimize/minimization.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "autodiff/tensor/vectors.h"
#include "experiments/lab/optimizer_state.h"
#include "experiments/lab/origin.h"
#include "experiments/records/state_image.h"

namespace gradus {
namespace {

constexpr const char* step_counter = "minimize.step";  // in a state file, beside the optimizer's own counters

// NaN has a sign, which says nothing.
double number(double x) { return std::isnan(x) ? std::abs(x) : x; }

double distance(const Tensor& a, const Tensor& b) {
  Tensor difference = Tensor::uninitialized(a.shape(), a.dtype());
  vectors::add_scaled(a, -1, b, difference);
  return vectors::norm(difference);
}

}  // namespace

Minimization::Minimization(lab::Run& run, ProblemOptions& asked, lab::ChosenOptimizer& optimizer,
                           const MinimizationPlan& plan)
    : run_(run), optimizer_(optimizer), plan_(plan), problem_(asked.problem()) {
  run.keeps_state();
  if (run.again() && !run.again()->at.empty()) throw lab::UsageError("--at: minimize has no instruments");
  lab::from_options([&] {
    const problems::Request& request = asked.load();
    objective_ = problems::make_objective(problem_, request);
    observer_ = problems::make_objective(problem_, request);
    theta_ = asked.start();
    check();
    if (!plan_.load_state.empty()) {
      if (asked.start_given()) throw lab::UsageError("--start: --load-state says where to go on");
      load();
    }
    optimizer_->check_steps(plan_.steps);
  });
}

void Minimization::check() const {
  const std::int64_t dimension = theta_.size();
  if (plan_.contour == 1 || (plan_.contour > 0 && dimension != 2))
    throw lab::UsageError(fmt::format("--contour={}: expected at least 2, and a problem of 2 dimensions, not {}",
                                      plan_.contour, dimension));
  const double rows = static_cast<double>(plan_.steps) / static_cast<double>(plan_.log_every) + 2;
  if (plan_.with_theta && rows * static_cast<double>(dimension) > static_cast<double>(plan_.trajectory_limit))
    throw lab::UsageError(
        fmt::format("{} steps of {} numbers are more than --trajectory-limit={}: write fewer with --log-every, or none "
                    "with --log-theta=false",
                    plan_.steps, dimension, plan_.trajectory_limit));
  lab::from_options([&] { optimizer_->check(*objective_); }, fmt::format("--problem={}: ", problem_.name));
  if (std::error_code error; std::filesystem::exists(std::filesystem::symlink_status(plan_.save_state, error)) &&
                             !std::filesystem::is_directory(plan_.save_state, error) &&
                             !records::is_state_file(plan_.save_state))
    throw lab::UsageError(
        fmt::format("--save-state={}: exists and is no state file: it is not replaced", plan_.save_state));
}

std::vector<ParameterSlice> Minimization::slices() const { return {{problem_.name, {theta_.size()}, 0, {}}}; }

void Minimization::load() {
  lab::LoadedState loaded =
      lab::load_state_file(plan_.load_state, slices(), theta_.dtype(), optimizer_.recipe, plan_.other_numbers);
  const auto counter = loaded.state.counters.extract(step_counter);
  if (counter.empty()) throw std::invalid_argument(fmt::format("{}: not a state file of minimize", plan_.load_state));
  first_ = step_ = counter.mapped();
  theta_.copy_from(loaded.theta);
  optim::restore_state(*optimizer_, loaded.state);
}

void Minimization::save() {
  optim::SavedState state = optim::save_state([this](optim::StateVisitor& visitor) { optimizer_.visit(visitor); });
  state.counters[step_counter] = step_;
  lab::save_state_file(plan_.save_state, theta_, slices(), optimizer_.recipe, state);
}

void Minimization::start() {
  start_ = theta_.to_vector();
  trajectory_.emplace(run_, theta_.size(), theta_.dtype(), plan_.with_theta);
  const problems::Minimum minimum = problem_.minimum(theta_.size());
  minimiser_ = minimum.point;
  run_.set_attribute("problem_formula", problem_.formula);
  run_.set_attribute("problem_source", problem_.source);
  run_.set_attribute("dimension", theta_.size());
  if (std::isfinite(minimum.value)) run_.set_attribute("minimum", minimum.value);
  if (!minimiser_.empty() && minimiser_.size() <= 100) run_.set_attribute("minimiser", minimiser_);
  run_.expect_steps(first_ + plan_.steps);
}

void Minimization::go_on() {
  fingerprint_.emplace(run_);
  run_.keep("minimization", *this);
  run_.keep("optimizer", optimizer_, lab::Fit::matching);
  run_.keep(
      "optimizer memory", [this](optim::StateVisitor& visitor) { optimizer_->visit_memory(visitor); },
      lab::Fit::matching);
  run_.keep("fingerprint", *fingerprint_);
  if (run_.go_on()) return;
  fingerprint_->look(step_, theta_);
  run_.end_of_step(step_);
}

void Minimization::visit(optim::StateVisitor& visitor) {
  visitor.tensor("theta", theta_);
  visitor.counter("first", first_);
  visitor.counter("step", step_);
  visitor.number("step_seconds", seconds_);
  visitor.whole("diverged", diverged_);
  objective_->visit_memory(visitor);
  if (plan_.contour > 0 && !plan_.window) trajectory_->visit(visitor);
}

void Minimization::run() {
  start();
  go_on();
  try {
    iterate();
  } catch (...) {
    try {
      if (step_ > first_) finish();
    } catch (const std::exception&) {
      // What ended the run says more than what its ending met.
    }
    throw;
  }
  finish();
}

void Minimization::iterate() {
  do {
    look();
    if (!place_.is_finite() &&
        !goes_on_after(fmt::format("at step {} the value is {} and the gradient's norm {}", place_.step,
                                   number(place_.value), number(place_.gradient_norm))))
      return last_row();
    if (place_.gradient_norm <= plan_.gradient_tolerance)
      return end("converged",
                 fmt::format("gradient norm {:.3g} <= {:.3g}", place_.gradient_norm, plan_.gradient_tolerance));
    if (step_ - first_ == plan_.steps) return end("step_limit", fmt::format("{} steps", plan_.steps));
  } while (take_step());
}

// Goes to the step's data and the point, and evaluates it: at every step, so that the end comes at the same one
// whatever is written.
void Minimization::look() {
  objective_->set_step(static_cast<std::uint64_t>(step_));
  observer_->set_step(static_cast<std::uint64_t>(step_));
  place_.step = step_;
  place_.theta = optimizer_->evaluation_point(theta_).clone();
  observer_->move_to(place_.theta);
  place_.gradient_norm = vectors::norm(observer_->gradient());
  place_.value = observer_->value();
}

// One step of the method and its row. Returns whether another one may follow.
bool Minimization::take_step() {
  const Tensor before = theta_.clone();
  const optim::Costs costs = objective_->costs();
  const double seconds = seconds_;
  const auto begin = std::chrono::steady_clock::now();
  const optim::StepReport report = optimizer_->step(*objective_, theta_);
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ++step_;
  if (plan_.observe_every > 0 && place_.step % plan_.observe_every == 0) optimizer_->observe(place_.value);
  const bool last = report.is_final() && !objective_->is_noisy();
  const bool wanted = place_.step % plan_.log_every == 0 || last || report.is_diverged() || !place_.is_finite();
  if (wanted) trajectory_->add(place_, costs, seconds, &report, distance(theta_, before));
  if (report.is_diverged() &&
      !goes_on_after(fmt::format("a gradient, a product or every trial is not finite at step {}", place_.step)))
    return false;
  if (!last) {
    fingerprint_->look(step_, theta_);
    run_.end_of_step(step_);
    return true;
  }
  look();
  end(optim::name_of(report.reason), fmt::format("{} stopped by itself", optimizer_.name));
  return false;
}

bool Minimization::goes_on_after(const std::string& divergence) {
  diverged_ = true;
  return run_.diverged(divergence + (plan_.save_state.empty() ? "" : "; --save-state is not written"));
}

void Minimization::last_row() {
  trajectory_->add(place_, objective_->costs(), seconds_, nullptr, optim::StepReport::none);
}

void Minimization::end(const std::string& reason, const std::string& why) {
  run_.set_reason(fmt::format("{}: {}", reason, why));
  last_row();
  run_.say(fmt::format("{} after {} steps ({}): value {:.10g}, gradient norm {:.3g}", reason, step_ - first_, why,
                       place_.value, place_.gradient_norm));
}

// What is written whatever the end. A point that diverged is nothing to go on from: the state before stays.
void Minimization::finish() {
  fingerprint_->look_last(step_, theta_);
  if (!plan_.save_state.empty() && !diverged_) save();
  run_.set_attribute("steps_taken", step_ - first_);
  run_.set_attribute("final_value", place_.value);
  run_.set_attribute("final_gradient_norm", place_.gradient_norm);
  run_.set_attribute("optimizer_state_bytes", static_cast<std::int64_t>(optimizer_->state_bytes()));
  if (plan_.contour > 0)
    write_contour(run_, *observer_,
                  plan_.window ? *plan_.window : window_around(trajectory_->path(), start_, minimiser_), plan_.contour);
}

}  // namespace gradus
