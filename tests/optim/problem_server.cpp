// The problems of experiments/problems for a program in another language, which then minimises the very same functions:
//   problem_server minimize NAME DIMENSION STEPS [KEY=VALUE...]   Newton-CG from the standard start; one line "KEY
//   VALUE ..." problem_server serve NAME DIMENSION                           the start, then answers on standard output
// A request is one byte and numbers in native float64: 'f' and theta for the value and the gradient, 'h', theta and v
// for H v.
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

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

void serve(optim::Objective& objective, const Tensor& start) {
  const Tensor theta = start.clone(), v = start.clone(), out = start.clone();
  write(start);
  std::fflush(stdout);
  for (int request = std::getchar(); request != EOF; request = std::getchar()) {
    if (!read(theta) || (request == 'h' && !read(v))) return;
    objective.move_to(theta);
    if (request == 'h') {
      multiply(objective.curvature()->hessian, v, out);
    } else {
      out.copy_from(objective.gradient());
      const double value = objective.value();
      std::fwrite(&value, sizeof value, 1, stdout);
    }
    write(out);
    std::fflush(stdout);
  }
}

void minimize(optim::Objective& objective, const Tensor& theta, int steps, const optim::NamedValues& values) {
  const auto optimizer = optim::make_optimizer("newton_cg", values);
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
  const auto objective = problems::make_objective(problem, request);
  const Tensor start = problems::start_of(problem, request);
  if (arguments[0] == "serve") return serve(*objective, start), 0;
  optim::NamedValues values;
  for (std::size_t i = 4; i < arguments.size(); ++i) {
    const auto equals = arguments[i].find('=');
    const std::string text = arguments[i].substr(equals + 1);
    const bool is_number = text.find_first_not_of("0123456789.e+-") == std::string::npos;
    const optim::GivenValue value = is_number ? optim::GivenValue(std::stod(text)) : optim::GivenValue(text);
    values.emplace_back(arguments[i].substr(0, equals), value);
  }
  minimize(*objective, start, std::stoi(arguments.at(3)), values);
  return 0;
}

}  // namespace
}  // namespace gradus

int main(int argc, char** argv) {
  return gradus::records::guarded_main("problem_server", [&] { return gradus::run({argv + 1, argv + argc}); });
}
