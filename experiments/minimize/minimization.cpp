#include "experiments/minimize/minimization.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "experiments/lab/optimizer_state.h"

namespace gradus {
namespace {

constexpr const char* step_counter = "minimize.step";  // in a state file, beside the optimizer's own counters

// Without overflow on the way.
double norm_of(const std::vector<double>& v) {
  double sum = 0, scale = 0;
  for (const double x : v) {
    if (std::isnan(x)) return x;
    scale = std::max(scale, std::abs(x));
  }
  if (scale == 0 || std::isinf(scale)) return scale;
  for (const double x : v) sum += (x / scale) * (x / scale);
  return scale * std::sqrt(sum);
}

double distance(const Tensor& a, const Tensor& b) {
  std::vector<double> difference;
  for (std::int64_t i = 0; i < a.size(); ++i) difference.push_back(a.at(i) - b.at(i));
  return norm_of(difference);
}

}  // namespace

Minimization::Minimization(lab::Run& run, const ProblemOptions& asked, const problems::Request& request,
                           lab::ChosenOptimizer& optimizer, const Plan& plan)
    : run_(run),
      optimizer_(optimizer),
      plan_(plan),
      problem_(asked.problem().name),
      objective_(problems::make_objective(asked.problem(), request)),
      observer_(problems::make_objective(asked.problem(), request)),
      theta_(asked.start()) {
  if (!plan.load_state.empty()) load();
  start_ = theta_.to_vector();
  trajectory_.emplace(run, theta_.size(), theta_.dtype(), plan.with_theta);
  const problems::Problem& p = asked.problem();
  const problems::Minimum minimum = p.minimum(theta_.size());
  minimiser_ = minimum.point;
  run.set_attribute("problem_formula", p.formula);
  run.set_attribute("problem_source", p.source);
  run.set_attribute("dimension", theta_.size());
  if (std::isfinite(minimum.value)) run.set_attribute("minimum", minimum.value);
  if (!minimiser_.empty() && minimiser_.size() <= 100) run.set_attribute("minimiser", minimiser_);
  run.expect_steps(first_ + plan.steps);
}

std::vector<optim::Slice> Minimization::slices() const { return {{problem_, {theta_.size()}, 0, {}}}; }

void Minimization::load() {
  lab::LoadedState loaded = lab::load_state_file(plan_.load_state, slices(), theta_.dtype(), optimizer_.recipe);
  const auto counter = loaded.state.counters.extract(step_counter);
  if (counter.empty()) throw std::invalid_argument(fmt::format("{}: not a state file of minimize", plan_.load_state));
  first_ = step_ = counter.mapped();
  theta_.copy_from(loaded.theta);
  optim::restore_state(*optimizer_, loaded.state);
}

void Minimization::save() {
  optim::SavedState state = optim::save_state(*optimizer_);
  state.counters[step_counter] = step_;
  lab::save_state_file(plan_.save_state, theta_, slices(), optimizer_.recipe, state);
}

void Minimization::run() {
  try {
    iterate();
  } catch (...) {
    finish();
    throw;
  }
  finish();
}

void Minimization::iterate() {
  do {
    look();
    if (known_ && place_.gradient_norm <= plan_.gradient_tolerance)
      return end("converged",
                 fmt::format("gradient norm {:.3g} <= {:.3g}", place_.gradient_norm, plan_.gradient_tolerance));
    if (step_ - first_ == plan_.steps) return end("step_limit", fmt::format("{} steps", plan_.steps));
    run_.stop_if_asked();
  } while (take_step());
}

// Goes to the step's data and the point, and evaluates it if anybody wants to know.
void Minimization::look() {
  objective_->set_step(static_cast<std::uint64_t>(step_));
  observer_->set_step(static_cast<std::uint64_t>(step_));
  place_.step = step_;
  place_.theta = optimizer_->evaluation_point(theta_).clone();
  known_ = false;
  if (step_ % plan_.log_every == 0 || step_ - first_ == plan_.steps || plan_.gradient_tolerance > 0) evaluate();
}

void Minimization::evaluate() {
  if (known_) return;
  observer_->move_to(place_.theta);
  place_.gradient_norm = norm_of(observer_->gradient().to_vector());
  place_.value = observer_->value();
  known_ = true;
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
  const bool final = report.is_final() && !objective_->is_noisy();
  const bool wanted = place_.step % plan_.log_every == 0 || final || !std::isfinite(report.loss);
  if (known_ || wanted) {
    evaluate();
    optimizer_->observe(place_.value);
  }
  if (wanted) trajectory_->add(place_, costs, seconds, &report, distance(theta_, before));
  if (report.reason == optim::Reason::not_finite)
    throw lab::Diverged(fmt::format("a value, gradient or product is not finite at step {}", place_.step));
  if (!final) return true;
  look();
  end(optim::name_of(report.reason), fmt::format("{} stopped by itself", optimizer_.name));
  return false;
}

// The last row.
void Minimization::end(const std::string& reason, const std::string& why) {
  evaluate();
  run_.set_reason(fmt::format("{}: {}", reason, why));
  trajectory_->add(place_, objective_->costs(), seconds_, nullptr, optim::StepReport::none);
  run_.say(fmt::format("{} after {} steps ({}): value {:.10g}, gradient norm {:.3g}", reason, step_ - first_, why,
                       place_.value, place_.gradient_norm));
}

// What is written whatever the end.
void Minimization::finish() {
  if (!plan_.save_state.empty()) save();
  run_.set_attribute("steps_taken", step_ - first_);
  run_.set_attribute("final_value", place_.value);
  run_.set_attribute("final_gradient_norm", place_.gradient_norm);
  run_.set_attribute("optimizer_state_bytes", optimizer_->state_bytes());
  if (plan_.contour > 0)
    write_contour(run_, *observer_,
                  plan_.window ? *plan_.window : window_around(trajectory_->path(), start_, minimiser_), plan_.contour);
}

}  // namespace gradus
