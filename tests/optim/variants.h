// Each first-order method in each form that keeps other state.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "optim/optimizer.h"

namespace gradus::optim {

// With the names of what it keeps for parameters that are one vector.
struct Variant {
  std::string method;
  NamedValues values;
  std::set<std::string> vectors, counters, numbers = {};
};
inline const std::vector<Variant>& variants() {
  static const std::vector<Variant> all{
      {"gradient_descent", {}, {}, {}},
      {"sgd", {}, {}, {}},
      {"momentum", {}, {"velocity"}, {}},
      {"nesterov", {}, {"velocity"}, {}},
      {"adam", {}, {"first_moment", "second_moment"}, {"step"}},
      {"adam", {{"amsgrad", 1}}, {"first_moment", "second_moment", "largest_second_moment"}, {"step"}},
      {"adamw", {}, {"first_moment", "second_moment"}, {"step"}},
      {"adamw", {{"amsgrad", 1}}, {"first_moment", "second_moment", "largest_second_moment"}, {"step"}},
      {"rmsprop", {}, {"second_moment"}, {}},
      {"rmsprop", {{"momentum", 0.9}}, {"second_moment", "velocity"}, {}},
      {"rmsprop", {{"centered", 1}}, {"second_moment", "first_moment"}, {}},
      {"rmsprop", {{"centered", 1}, {"momentum", 0.9}}, {"second_moment", "first_moment", "velocity"}, {}},
      {"adagrad", {}, {"accumulator"}, {}},
      {"adagrad", {{"initial_accumulator", 0.1}}, {"accumulator"}, {}},
      {"adadelta", {}, {"gradient_squares", "step_squares"}, {}},
      {"adamax", {}, {"first_moment", "largest_gradient"}, {"step"}},
      {"nadam", {}, {"first_moment", "second_moment"}, {"step"}, {"momentum_product"}},
      {"radam", {}, {"first_moment", "second_moment"}, {"step"}},
      {"adabelief", {}, {"first_moment", "surprise"}, {"step"}},
      {"yogi", {}, {"first_moment", "second_moment"}, {}},
      {"adan", {}, {"first_moment", "difference_moment", "second_moment", "previous_gradient"}, {"step"}},
      {"lion", {}, {"momentum"}, {}},
      {"lamb", {}, {"first_moment", "second_moment"}, {"step"}},
      {"lars", {}, {"velocity"}, {}},
      {"adafactor", {}, {"second_moment"}, {"step"}},
      {"adafactor", {{"scale_parameter", 0}}, {"second_moment"}, {"step"}},
      {"rprop", {}, {"step_size", "previous_gradient"}, {}},
      {"signsgd", {}, {}, {}},
      {"asgd", {}, {"average"}, {"step"}},
      {"asgd", {{"average_start", 5}}, {"average"}, {"step"}},
      {"muon", {}, {"first_moment", "second_moment"}, {"step"}},
      {"muon", {{"nesterov", 0}}, {"first_moment", "second_moment"}, {"step"}},
      {"prodigy", {}, {"first_moment", "second_moment", "weighted_sum", "start"}, {}, {"numerator", "distance"}},
      {"schedule_free_sgd", {}, {"base_point", "average"}, {"step"}, {"weight_sum"}},
      {"schedule_free_sgd", {{"warmup_steps", 4}}, {"base_point", "average"}, {"step"}, {"weight_sum"}},
      {"schedule_free_adamw", {}, {"second_moment", "base_point", "average"}, {"step"}, {"weight_sum"}},
      {"ademamix", {}, {"fast_moment", "slow_moment", "second_moment"}, {"step"}},
      {"ademamix", {{"warmup_steps", 10}}, {"fast_moment", "slow_moment", "second_moment"}, {"step"}},
      {"adopt", {}, {"first_moment", "second_moment"}, {"step"}},
      {"dadapt_adam", {}, {"first_moment", "second_moment", "weighted_sum"}, {}, {"numerator", "distance"}},
      {"shampoo", {}, {"diagonal_statistics"}, {"step"}},
      {"shampoo", {{"momentum", 0.9}}, {"diagonal_statistics", "velocity"}, {"step"}},
      {"shampoo", {{"update_interval", 3}}, {"diagonal_statistics"}, {"step"}},
      {"amsgrad", {}, {"first_moment", "second_moment", "largest_second_moment"}, {"step"}},
  };
  return all;
}
inline std::string label(const Variant& v) {
  std::string text = v.method;
  for (const auto& [name, value] : v.values)
    text += " " + name + "=" + (value.is_text() ? value.text() : std::to_string(value.number()));
  return text;
}

}  // namespace gradus::optim
