// The problems of experiments/problems for a program in another language, which then minimises the very same functions:
//   problem_server minimize NAME DIMENSION METHOD STEPS [KEY=VALUE...]
//     from the standard start; one line "KEY VALUE ..."
//   problem_server serve NAME DIMENSION
//     the start, then answers on standard output
// A request is one byte and numbers in native float64: 'f' and theta for the value and the gradient, 'h', theta and v
// for H v; of sums of squares, 'r' and theta for the residuals after their number, 'j' and theta for their Jacobian,
// one column after the other.
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "autodiff/linearization.h"
#include "experiments/problems/problem.h"
#include "experiments/records/program.h"
#include "optim/optimizer.h"

namespace gradus {
namespace {

bool read(const Tensor& to) {
  return std::fread(to.raw(), sizeof(double), static_cast<std::size_t>(to.size()), stdin) ==
         static_cast<std::size_t>(to.size());
}
void write(const Tensor& from) {
  std::fwrite(from.raw(), sizeof(double), static_cast<std::size_t>(from.size()), stdout);
}
void write(double number) { std::fwrite(&number, sizeof number, 1, stdout); }

// [theta, residuals]
Tensor jacobian_transposed(const problems::Formula& formula, const Tensor& theta, std::int64_t residuals) {
  Tape tape(theta.dtype());
  const Var leaf = tape.leaf(theta);
  const problems::Terms terms = formula.record(leaf);
  const std::int64_t n = theta.size();
  const Tensor identity = Tensor::zeros({n, n}, theta.dtype()), out = Tensor::zeros({n, residuals}, theta.dtype());
  for (std::int64_t i = 0; i < n; ++i) identity.data<double>()[i * n + i] = 1;
  Linearization(terms.loss, terms.outputs, {&leaf, 1}).jacobian_times(identity, out);
  return out;
}

void serve(problems::TapeObjective& objective, const problems::Formula& formula, const Tensor& start) {
  const Tensor theta = start.clone(), v = start.clone(), out = start.clone();
  write(start);
  std::fflush(stdout);
  for (int request = std::getchar(); request != EOF; request = std::getchar()) {
    if (!read(theta) || (request == 'h' && !read(v))) return;
    objective.move_to(theta);
    if (request == 'h') {
      multiply(objective.curvature()->hessian, v, out);
      write(out);
    } else if (request == 'f') {
      write(objective.value());
      write(objective.gradient());
    } else {
      const Tensor residuals = objective.outputs(theta);
      if (request == 'r') {
        write(static_cast<double>(residuals.size()));
        write(residuals);
      } else {
        write(jacobian_transposed(formula, theta, residuals.size()));
      }
    }
    std::fflush(stdout);
  }
}

void minimize(optim::Objective& objective, const Tensor& theta, const std::string& method, int steps,
              const optim::NamedValues& values) {
  const auto optimizer = optim::make_optimizer(method, values);
  optim::StepReport report;
  int taken = 0;
  for (; taken < steps; ++taken) {
    report = optimizer->step(objective, theta);
    if (report.is_final()) break;
  }
  const optim::Costs& costs = objective.costs();
  std::printf("reason %s steps %d products %lld gradients %lld values %lld gradient_norm %.17g loss %.17g\n",
              optim::name_of(report.reason), taken, static_cast<long long>(costs.products),
              static_cast<long long>(costs.gradients), static_cast<long long>(costs.values), report.gradient_norm,
              report.loss);
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3) throw records::UsageError("usage: problem_server serve|minimize NAME DIMENSION ...");
  const problems::Problem& problem = problems::problem(arguments[1]);
  problems::Request request;
  request.dimension = std::stol(arguments[2]);
  request.dimension = problems::dimension_of(problem, request);
  const auto objective = problems::make_objective(problem, request);
  const Tensor start = problems::start_of(problem, request);
  if (arguments[0] == "serve") return serve(*objective, problem.make(request), start), 0;
  optim::NamedValues values;
  for (std::size_t i = 5; i < arguments.size(); ++i) {
    const auto equals = arguments[i].find('=');
    const std::string text = arguments[i].substr(equals + 1);
    const bool is_number = text.find_first_not_of("0123456789.e+-") == std::string::npos;
    const optim::GivenValue value = is_number ? optim::GivenValue(std::stod(text)) : optim::GivenValue(text);
    values.emplace_back(arguments[i].substr(0, equals), value);
  }
  minimize(*objective, start, arguments.at(3), std::stoi(arguments.at(4)), values);
  return 0;
}

}  // namespace
}  // namespace gradus

int main(int argc, char** argv) {
  return gradus::records::guarded_main("problem_server", [&] { return gradus::run({argv + 1, argv + argc}); });
}
