// Each first-order method in each form that keeps other state or has another flag or count.
#pragma once

#include <string>
#include <vector>

#include "optim/optimizer.h"
#include "optim/state.h"

namespace gradus::optim {

struct Variant {
  const Method* method;
  NamedValues values;
  std::unique_ptr<Optimizer> make() const { return make_optimizer(method->name, values); }
};
inline std::string label(const Variant& v) {
  std::string text = v.method->name;
  for (const auto& [name, value] : v.values) text += " " + name + "=" + std::to_string(value.number());
  return text;
}

// With each flag turned over, each count larger, and each number that is 0 but adds state above it; and all of those
// that add state.
inline std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const Method& m : methods()) {
    if (m.family == Family::curvature) continue;
    const auto pieces = [&](const NamedValues& values) {
      return save_state(*Variant{&m, values}.make()).tensors.size();
    };
    all.push_back({&m, {}});
    NamedValues adding;
    for (const Hyperparameter& h : m.hyperparameters) {
      const bool is_flag = h.kind == Hyperparameter::Kind::flag, is_count = h.kind == Hyperparameter::Kind::count;
      const double other = is_flag ? 1 - h.default_value : is_count ? h.default_value + 2 : 0.5;
      if (!is_flag && !is_count && h.default_value != 0) continue;
      const bool adds = pieces({{h.name, other}}) > pieces({});
      if (adds) adding.push_back({h.name, other});
      if (adds || is_flag || is_count) all.push_back({&m, {{h.name, other}}});
    }
    if (adding.size() > 1) all.push_back({&m, adding});
  }
  return all;
}

}  // namespace gradus::optim
