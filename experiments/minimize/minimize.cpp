// Minimises a function by name with an optimizer by name, and writes the whole trajectory.
#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "experiments/minimize/contour.h"
#include "experiments/minimize/problem_options.h"
#include "experiments/minimize/trajectory.h"

using namespace gradus;

namespace {

double norm_of(const Tensor& v) {
  double sum = 0, scale = 0;
  for (std::int64_t i = 0; i < v.size(); ++i) scale = std::max(scale, std::abs(v.at(i)));
  if (scale == 0 || !std::isfinite(scale)) return scale;
  for (std::int64_t i = 0; i < v.size(); ++i) sum += (v.at(i) / scale) * (v.at(i) / scale);
  return scale * std::sqrt(sum);
}

double distance(const Tensor& a, const Tensor& b) {
  const Tensor difference = a.clone();
  for (std::int64_t i = 0; i < a.size(); ++i) difference.set(i, a.at(i) - b.at(i));
  return norm_of(difference);
}

struct Plan {
  std::int64_t steps, log_every, trajectory_limit, contour;
  double gradient_tolerance;
  bool with_theta;
  std::optional<Window> window;
};

Plan declare_plan(lab::Run& run) {
  Plan plan{};
  plan.steps = run.option("steps", std::int64_t{1000}, "the most steps to take", lab::at_least(0));
  plan.gradient_tolerance =
      run.option("gradient_tolerance", 0.0, "stop where the gradient's norm is at most this", lab::at_least(0));
  plan.log_every = run.option("log_every", std::int64_t{1}, "write every n-th step, and the last", lab::at_least(1));
  plan.with_theta = run.option("log_theta", true, "write /theta");
  plan.trajectory_limit = run.option("trajectory_limit", std::int64_t{20'000'000},
                                     "the most numbers that /theta may hold", lab::at_least(1));
  plan.contour = run.option("contour", std::int64_t{0},
                            "in two dimensions: write values on a grid of n x n; 0 for none", lab::between(0, 2000));
  const std::string window = run.option("contour_window", "", "x_low,x_high,y_low,y_high; empty: around the path");
  if (!window.empty()) {
    const std::vector<double> numbers = parse_numbers("contour-window", window);
    if (numbers.size() != 4 || !(numbers[0] < numbers[1]) || !(numbers[2] < numbers[3]))
      throw lab::UsageError("--contour-window=" + window + ": expected x_low,x_high,y_low,y_high");
    plan.window = Window{numbers[0], numbers[1], numbers[2], numbers[3]};
  }
  return plan;
}

void check_plan(const Plan& plan, std::int64_t dimension) {
  if (plan.contour == 1 || (plan.contour > 0 && dimension != 2))
    throw lab::UsageError(fmt::format("--contour={}: expected at least 2, and a problem of 2 dimensions, not {}",
                                      plan.contour, dimension));
  const double rows = static_cast<double>(plan.steps) / static_cast<double>(plan.log_every) + 2;
  if (plan.with_theta && rows * static_cast<double>(dimension) > static_cast<double>(plan.trajectory_limit))
    throw lab::UsageError(
        fmt::format("{} steps of {} numbers are more than --trajectory-limit={}: write fewer with --log-every, or none "
                    "with --log-theta=false",
                    plan.steps, dimension, plan.trajectory_limit));
}

// The run itself, from the first step to the end for whatever reason.
class Minimization {
 public:
  Minimization(lab::Run& run, const ProblemOptions& asked, const problems::Request& request,
               lab::ChosenOptimizer& optimizer, const Plan& plan)
      : run_(run),
        optimizer_(optimizer),
        plan_(plan),
        objective_(problems::make_objective(asked.problem(), request)),
        observer_(problems::make_objective(asked.problem(), request)),
        theta_(asked.start()),
        start_(theta_.to_vector()),
        trajectory_(run, theta_.size(), theta_.dtype(), plan.with_theta) {
    const problems::Problem& p = asked.problem();
    const problems::Minimum minimum = p.minimum(theta_.size());
    run.set_attribute("problem_formula", p.formula);
    run.set_attribute("problem_source", p.source);
    run.set_attribute("dimension", theta_.size());
    if (std::isfinite(minimum.value)) run.set_attribute("minimum", minimum.value);
    if (!minimum.point.empty() && minimum.point.size() <= 100) run.set_attribute("minimiser", minimum.point);
    minimiser_ = minimum.point;
    run.expect_steps(plan.steps);
  }

  void run() {
    try {
      iterate();
    } catch (...) {
      finish();
      throw;
    }
    finish();
  }

 private:
  void iterate() {
    for (std::int64_t step = 0;; ++step) {
      look(step);
      const bool last = step == plan_.steps;
      if (place_.gradient_norm <= plan_.gradient_tolerance && known_)
        return end("converged",
                   fmt::format("gradient norm {:.3g} <= {:.3g}", place_.gradient_norm, plan_.gradient_tolerance));
      if (last) return end("step_limit", fmt::format("{} steps", plan_.steps));
      if (!take_step()) return;
      run_.stop_if_asked();
    }
  }

  // Goes to the step's data and looks at the point, at no cost to the method, if anybody wants to know.
  void look(std::int64_t step) {
    objective_->set_step(static_cast<std::uint64_t>(step));
    observer_->set_step(static_cast<std::uint64_t>(step));
    place_.step = step;
    place_.theta = optimizer_->evaluation_point(theta_).clone();
    known_ = false;
    if (step % plan_.log_every == 0 || step == plan_.steps || plan_.gradient_tolerance > 0) evaluate();
  }
  void evaluate() {
    if (known_) return;
    observer_->move_to(place_.theta);
    place_.gradient_norm = norm_of(observer_->gradient());
    place_.value = observer_->value();
    known_ = true;
  }

  // One step of the method and its row. Returns whether there is a point in another one.
  bool take_step() {
    const Tensor before = theta_.clone();
    const optim::Costs costs = objective_->costs();
    const double seconds = seconds_;
    const auto begin = std::chrono::steady_clock::now();
    const optim::StepReport report = optimizer_->step(*objective_, theta_);
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const bool final = report.is_final() && !objective_->is_noisy();
    if (place_.step % plan_.log_every == 0 || final || !std::isfinite(report.loss)) {
      evaluate();
      trajectory_.add(place_, costs, seconds, &report, distance(theta_, before));
    }
    if (report.reason == optim::Reason::not_finite)
      throw lab::Diverged(fmt::format("a value, gradient or product is not finite at step {}", place_.step));
    if (!final) return true;
    look(place_.step + 1);
    evaluate();
    end(optim::name_of(report.reason), fmt::format("{} stopped by itself", optimizer_.name));
    return false;
  }

  // The last row.
  void end(const std::string& reason, const std::string& why) {
    evaluate();
    trajectory_.add(place_, objective_->costs(), seconds_, nullptr, optim::StepReport::none);
    run_.set_reason(fmt::format("{}: {}", reason, why));
    run_.say(fmt::format("{} after {} steps ({}): value {:.10g}, gradient norm {:.3g}", reason, place_.step, why,
                         place_.value, place_.gradient_norm));
  }

  // What is written whatever the end.
  void finish() {
    run_.set_attribute("steps_taken", place_.step);
    run_.set_attribute("final_value", place_.value);
    run_.set_attribute("final_gradient_norm", place_.gradient_norm);
    run_.set_attribute("optimizer_state_bytes", optimizer_->state_bytes());
    if (plan_.contour > 0)
      write_contour(run_, *observer_,
                    plan_.window ? *plan_.window : window_around(trajectory_.path(), start_, minimiser_),
                    plan_.contour);
  }

  lab::Run& run_;
  lab::ChosenOptimizer& optimizer_;
  Plan plan_;
  std::unique_ptr<problems::TapeObjective> objective_, observer_;
  Tensor theta_;
  std::vector<double> start_, minimiser_;
  Trajectory trajectory_;
  Place place_;
  bool known_ = false;  // value and gradient norm are those of the place
  double seconds_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  return lab::main(
      "minimize", "Minimises a function by name with an optimizer by name and writes the trajectory.", argc, argv,
      [](lab::Run& run) {
        ProblemOptions asked(run);
        auto optimizer = run.optimizer("adam");
        const Plan plan = declare_plan(run);
        run.finish_options();
        const problems::Request& request = asked.load();
        check_plan(plan, request.dimension);
        Minimization(run, asked, request, optimizer, plan).run();
      },
      "float64");
}
