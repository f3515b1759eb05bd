#include "optim/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace gradus::optim {
namespace {

struct Save final : StateVisitor {
  SavedState state;
  void tensor(std::string_view name, Tensor& value) override {
    put(state.tensors, name, value.defined() ? value.clone() : Tensor());
  }
  void counter(std::string_view name, std::int64_t& value) override { put(state.counters, name, value); }
  void number(std::string_view name, double& value) override { put(state.numbers, name, value); }

 private:
  template <class Map, class Value>
  static void put(Map& map, std::string_view name, Value value) {
    if (!map.emplace(name, std::move(value)).second)
      throw std::logic_error(fmt::format("optimizer state: two pieces are called {}", name));
  }
};

struct Restore final : StateVisitor {
  explicit Restore(const SavedState& saved) : state(saved) {}
  const SavedState& state;
  void tensor(std::string_view name, Tensor& value) override {
    const Tensor& saved = state.tensors.at(std::string(name));
    value = saved.defined() ? saved.clone() : Tensor();
  }
  void counter(std::string_view name, std::int64_t& value) override { value = state.counters.at(std::string(name)); }
  void number(std::string_view name, double& value) override { value = state.numbers.at(std::string(name)); }
};

template <class Map>
std::set<std::string> names_of(const Map& map, const char* kind) {
  std::set<std::string> names;
  for (const auto& [name, value] : map) names.insert(std::string(kind) + " " + name);
  return names;
}
std::set<std::string> names_of(const SavedState& state) {
  std::set<std::string> names = names_of(state.tensors, "tensor");
  names.merge(names_of(state.counters, "counter"));
  names.merge(names_of(state.numbers, "number"));
  return names;
}

// Those of `some` that are not in `others`, as text.
std::string lacking(const std::set<std::string>& some, const std::set<std::string>& others) {
  std::string text;
  for (const std::string& name : some)
    if (!others.contains(name)) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Shown shown(Optimizer& optimizer) {
  return [&](StateVisitor& visitor) { optimizer.visit(visitor); };
}
Shown shown(Objective& objective) {
  return [&](StateVisitor& visitor) { objective.visit_memory(visitor); };
}

// Whether a tensor that is there has another shape than the saved one of its name.
struct LookForOtherShapes final : StateVisitor {
  explicit LookForOtherShapes(const SavedState& saved) : state(saved) {}
  const SavedState& state;
  bool found = false;
  void tensor(std::string_view name, Tensor& value) override {
    const auto saved = state.tensors.find(std::string(name));
    if (saved == state.tensors.end() || !saved->second.defined() || !value.defined()) return;
    found = found || value.shape() != saved->second.shape() || value.dtype() != saved->second.dtype();
  }
  void counter(std::string_view, std::int64_t&) override {}
  void number(std::string_view, double&) override {}
};

// Puts back what has a saved name, and tells what it has met.
struct RestoreMatching final : StateVisitor {
  explicit RestoreMatching(SavedState saved) : state(std::move(saved)) {}
  const SavedState state;
  std::set<std::string> taken;
  std::vector<std::string> stayed;

  template <class Map, class Put>
  void put(const Map& map, std::string_view name, const Put& put_back) {
    const auto found = map.find(std::string(name));
    if (found == map.end()) {
      stayed.emplace_back(name);
      return;
    }
    put_back(found->second);
    taken.insert(std::string(name));
  }
  void tensor(std::string_view name, Tensor& value) override {
    put(state.tensors, name, [&](const Tensor& saved) { value = saved.defined() ? saved.clone() : Tensor(); });
  }
  void counter(std::string_view name, std::int64_t& value) override {
    put(state.counters, name, [&](std::int64_t saved) { value = saved; });
  }
  void number(std::string_view name, double& value) override {
    put(state.numbers, name, [&](double saved) { value = saved; });
  }
};

}  // namespace

SavedState save_state(const Shown& show) {
  Save visitor;
  show(visitor);
  return std::move(visitor.state);
}

void restore_state(const std::string& whose, const Shown& show, const SavedState& saved) {
  const std::set<std::string> expected = names_of(save_state(show)), given = names_of(saved);
  const std::string missing = lacking(expected, given), unexpected = lacking(given, expected);
  if (!missing.empty() || !unexpected.empty())
    throw std::invalid_argument(fmt::format("{} state: {}{}{}", whose, (missing.empty() ? "" : "missing: " + missing),
                                            (missing.empty() || unexpected.empty() ? "" : "; "),
                                            (unexpected.empty() ? "" : "not this " + whose + "'s: " + unexpected)));
  Restore visitor(saved);
  show(visitor);
}

std::vector<std::string> restore_matching(const Shown& show, const SavedState& saved) {
  LookForOtherShapes look(saved);
  show(look);
  RestoreMatching visitor(look.found ? SavedState{} : saved);
  show(visitor);
  const auto left = [&](const auto& map) {
    for (const auto& [name, value] : map)
      if (!visitor.taken.contains(name)) visitor.stayed.push_back(name);
  };
  left(saved.tensors);
  left(saved.counters);
  left(saved.numbers);
  std::sort(visitor.stayed.begin(), visitor.stayed.end());
  visitor.stayed.erase(std::unique(visitor.stayed.begin(), visitor.stayed.end()), visitor.stayed.end());
  return visitor.stayed;
}

SavedState save_state(Optimizer& optimizer) { return save_state(shown(optimizer)); }
void restore_state(Optimizer& optimizer, const SavedState& saved) {
  restore_state("optimizer", shown(optimizer), saved);
}
SavedState save_state(Objective& objective) { return save_state(shown(objective)); }
void restore_state(Objective& objective, const SavedState& saved) {
  restore_state("objective", shown(objective), saved);
}

}  // namespace gradus::optim
