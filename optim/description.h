// What a method, a wrapper or a schedule says of itself: the only text about it. Pages, --help and JSON are made from
// it.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "settings/field.h"
#include "settings/retired.h"
#include "settings/text.h"

namespace gradus::optim {

// The words with which fields are described.
using settings::above_one;
using settings::at_least;
using settings::between;
using settings::decay;
using settings::field;
using settings::fraction;
using settings::non_negative;
using settings::one_of;
using settings::positive;

using settings::drawn_from_stream;
using settings::fixed_at;

using settings::GivenValue;
using settings::Hyperparameter;
using settings::NamedValues;

// A vector of theta's shape that an elementwise method keeps, under the name that it has in files.
struct State {
  constexpr State(const char* its_name) : name(its_name) {}  // NOLINT: {"first_moment"} starts at 0
  constexpr State(std::string_view its_name, double (*its_start)(const void*)) : name(its_name), start(its_start) {}

  std::string_view name;
  double (*start)(const void* method) = nullptr;  // null: 0
  bool is_optional = false;
  bool (*is_kept)(const void* method) = nullptr;  // of an optional one
  bool starts_at_theta = false;
};
// That starts at the value of a member.
template <auto Member>
constexpr State state(std::string_view name) {
  using M = decltype(settings::detail::owner_of(Member));
  return {name, [](const void* method) { return static_cast<double>(static_cast<const M*>(method)->*Member); }};
}
// That exists only if a member was not 0 when the method was made.
template <auto Member>
constexpr State state_if(const char* name) {
  using M = decltype(settings::detail::owner_of(Member));
  State result(name);
  result.is_optional = true;
  result.is_kept = [](const void* method) { return static_cast<const M*>(method)->*Member != 0; };
  return result;
}
// That exists only sometimes, as its method decides.
constexpr State optional_state(const char* name) {
  State result(name);
  result.is_optional = true;
  return result;
}
constexpr State from_theta(const char* name) {
  State result(name);
  result.starts_at_theta = true;
  return result;
}

// A number that an elementwise method keeps in its Memory.
struct KeptNumber {
  std::string_view name;
  double* (*of)(void* memory);
};
template <auto Member>
constexpr KeptNumber kept(std::string_view name) {
  using Memory = decltype(settings::detail::owner_of(Member));
  return {name, [](void* memory) { return &(static_cast<Memory*>(memory)->*Member); }};
}

struct Description {
  std::string_view name;
  std::string_view source;       // author (year), equation or algorithm
  std::string_view formula;      // the update, in plain text, one line an assignment; common indentation is left out
  std::string_view differences;  // where other libraries differ, and limits; whole sentences, in one paragraph
  std::vector<settings::Field> fields;
  std::vector<State> states = {};  // of first-order methods; of elementwise ones in the order of update's arguments
  std::vector<KeptNumber> numbers = {};  // of elementwise methods
  std::string_view evaluated_at = {};    // the state at which the model is evaluated; empty: at theta
  // With the default settings and on the same data, no step ends above a point on the way, up to the rounding of the
  // lowest value (vectors::rounding), which does not add up.
  bool descends = false;
  std::vector<settings::Retired> retired = {};
};

// The description of M, made once.
template <class M>
const Description& about() {
  static const Description made = M::describe();
  return made;
}

template <class M>
concept Described = requires {
  M::describe().states;
};

// What the lists of methods, wrappers and schedules have of each of them.
struct Entry {
  std::string name, source, formula, differences;
  std::vector<Hyperparameter> hyperparameters;
  const Description* about = nullptr;  // as it is written
};
template <class M>
Entry entry_of() {
  const Description& it = about<M>();
  return {std::string(it.name),
          std::string(it.source),
          settings::without_indentation(it.formula),
          settings::one_line(it.differences),
          settings::hyperparameters_of(settings::fields_of<M>()),
          &it};
}

}  // namespace gradus::optim
