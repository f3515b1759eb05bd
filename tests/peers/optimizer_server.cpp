// Steps of an optimizer for a program in another language, which evaluates the function: what it asks of an Objective
// goes to standard output and is answered on standard input.
//   optimizer_server describe     JSON: {"methods": {NAME: {HYPERPARAMETER: KIND}}, "wrappers": ..., "schedules": ...}
//   optimizer_server run RECIPE   RECIPE is JSON: {"method": NAME, "values": {NAME: VALUE},
//                                 "wrappers": [[NAME, values]], "schedules": [[HYPERPARAMETER, SCHEDULE, values]],
//                                 "slices": [[NAME, shape, [TAG]]]}
// Messages are one byte and numbers in native float64. The other side sends the start, then 's' for each step, or 'o'
// and a held-out loss. During a step it answers 'v' and theta with the value, 'g' and theta with the value and the
// gradient, 'h', theta and v with H v; the step ends with 't', theta and the point of evaluation. The end of the input
// ends the program.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/records/program.h"
#include "optim/recipe.h"

namespace gradus::optim {
namespace {

using Json = nlohmann::json;

void receive(double* to, std::size_t count) {
  if (std::fread(to, sizeof(double), count, stdin) != count) throw std::runtime_error("the answer ended too early");
}
void receive(const Tensor& to) { receive(to.data<double>(), static_cast<std::size_t>(to.size())); }
void send(const Tensor& from) {
  std::fwrite(from.data<double>(), sizeof(double), static_cast<std::size_t>(from.size()), stdout);
}

double receive_number() {
  double number = 0;
  receive(&number, 1);
  return number;
}

class Remote final : public Objective {
 public:
  explicit Remote(std::vector<ParameterSlice> slices) : slices_(std::move(slices)) {
    offer(curvature_.hessian, price::hessian, [](const Tensor& theta, const Tensor& v, const Tensor& out) {
      std::putchar('h');
      send(theta);
      send(v);
      std::fflush(stdout);
      receive(out);
    });
  }

  std::int64_t size() const override { return slices_.back().offset + slices_.back().size(); }
  DType dtype() const override { return DType::float64; }
  std::span<const ParameterSlice> slices() const override { return slices_; }
  const Curvature* curvature() const override { return &curvature_; }

 protected:
  double compute_value(const Tensor& theta) override {
    ask('v', theta);
    return receive_number();
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    ask('g', theta);
    const double value = receive_number();
    receive(gradient);
    return value;
  }

 private:
  static void ask(char what, const Tensor& theta) {
    std::putchar(what);
    send(theta);
    std::fflush(stdout);
  }

  std::vector<ParameterSlice> slices_;
  Curvature curvature_;
};

NamedValues values_of(const Json& object) {
  NamedValues values;
  for (const auto& [name, value] : object.items()) {
    if (value.is_string())
      values.emplace_back(name, value.get<std::string>());
    else
      values.emplace_back(name, value.get<double>());
  }
  return values;
}

std::vector<ParameterSlice> slices_of(const Json& list) {
  std::vector<ParameterSlice> slices;
  std::int64_t offset = 0;
  for (const Json& entry : list) {
    Shape shape;
    for (const Json& extent : entry.at(1)) shape.append(extent.get<std::int64_t>());
    slices.push_back({entry.at(0), shape, offset, entry.at(2).get<std::vector<std::string>>()});
    offset += shape.size();
  }
  return slices;
}

Recipe recipe_of(const Json& json) {
  Recipe recipe;
  recipe.method = json.at("method");
  recipe.values = values_of(json.at("values"));
  for (const Json& entry : json.at("wrappers")) recipe.wrappers.push_back({entry.at(0), values_of(entry.at(1))});
  for (const Json& entry : json.at("schedules"))
    recipe.schedules.push_back({entry.at(0), entry.at(1), values_of(entry.at(2))});
  return recipe;
}

void serve(const Json& json) {
  Remote objective(slices_of(json.at("slices")));
  const auto optimizer = make_optimizer(recipe_of(json));
  const Tensor theta = Tensor::full({objective.size()}, 0, DType::float64);
  receive(theta);
  for (int request = std::getchar(); request != EOF; request = std::getchar()) {
    if (request == 'o') {
      optimizer->observe(receive_number());
      continue;
    }
    objective.invalidate();  // each step has data of its own
    optimizer->step(objective, theta);
    std::putchar('t');
    send(theta);
    send(optimizer->evaluation_point(theta));
    std::fflush(stdout);
  }
}

template <class List>
Json kinds_of(const List& list) {
  constexpr const char* names[] = {"number", "count", "flag", "choice"};
  Json all = Json::object();
  for (const auto& entry : list) {
    Json& kinds = all[entry.name] = Json::object();
    for (const Hyperparameter& h : entry.hyperparameters) kinds[h.name] = names[static_cast<int>(h.kind)];
  }
  return all;
}

Json describe() {
  return {{"methods", kinds_of(methods())}, {"wrappers", kinds_of(wrappers())}, {"schedules", kinds_of(schedules())}};
}

}  // namespace
}  // namespace gradus::optim

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return gradus::records::guarded_main("optimizer_server", [&] {
    if (arguments.size() == 1 && arguments[0] == "describe")
      std::puts(gradus::optim::describe().dump().c_str());
    else if (arguments.size() == 2 && arguments[0] == "run")
      gradus::optim::serve(nlohmann::json::parse(arguments[1]));
    else
      throw gradus::records::UsageError("usage: optimizer_server describe | run RECIPE");
    return 0;
  });
}
