// A plain aggregate with named, described members: what C++ writes as Adam{.beta1 = 0.5}, a command line as
// --beta1=0.5. Each member is described once, in M::describe().fields; its default is that of M{}.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "settings/hyperparameter.h"

namespace gradus::settings {

// One member of an aggregate: a double, a whole number, a bool, or an enumeration whose values are the choices in
// order.
struct Field {
  std::string_view name;
  Range range;
  std::string_view help;
  double default_value = 0;
  double (*get)(const void* object) = nullptr;
  void (*set)(void* object, double value) = nullptr;
  double* (*number)(void* object) = nullptr;  // of a double alone: a schedule changes it while the method runs
};

namespace detail {

template <class M, class V>
M owner_of(V M::*);

// "beta1" of &Adam::beta1: the compiler's text about this function ends in [with auto Member = &Adam::beta1; ...].
template <auto Member>
consteval std::string_view name_of() {
  const std::string_view text = __PRETTY_FUNCTION__;
  const std::size_t end = text.find_first_of(";]", text.find("Member = ")), start = text.rfind(':', end) + 1;
  return text.substr(start, end - start);
}

struct Anything {
  template <class T>
  operator T() const;  // NOLINT: declared only, to be asked whether an aggregate takes one more
};
template <std::size_t>
using AnythingAt = Anything;

template <class M, std::size_t... I>
consteval std::size_t count_members() {
  if constexpr (requires { M{AnythingAt<I>{}..., Anything{}}; })
    return count_members<M, I..., sizeof...(I)>();
  else
    return sizeof...(I);
}

}  // namespace detail

// &M::beta1 as a field of M, under the member's own name.
template <auto Member>
constexpr Field field(const Range& range, std::string_view help) {
  using M = decltype(detail::owner_of(Member));
  using V = std::remove_cvref_t<decltype(M{}.*Member)>;
  Field result{detail::name_of<Member>(), range, help};
  result.default_value = static_cast<double>(M{}.*Member);
  result.get = [](const void* object) { return static_cast<double>(static_cast<const M*>(object)->*Member); };
  result.set = [](void* object, double value) { static_cast<M*>(object)->*Member = static_cast<V>(value); };
  if constexpr (std::is_same_v<V, double>)
    result.number = [](void* object) { return &(static_cast<M*>(object)->*Member); };
  return result;
}
template <auto Member>
constexpr Field field(std::string_view help) {
  static_assert(std::is_same_v<std::remove_cvref_t<decltype(decltype(detail::owner_of(Member)){}.*Member)>, bool>);
  return field<Member>(flag(), help);
}

// The number of members of an aggregate.
template <class M>
inline constexpr std::size_t member_count = detail::count_members<M>();

// Whether M::describe() has a field for each member: a member that is forgotten is a compile-time error where this is
// asserted.
template <class M>
consteval bool is_described() {
  return M::describe().fields.size() == member_count<M>;
}

// The fields of M, which are made once.
template <class M>
const std::vector<Field>& fields_of() {
  static_assert(is_described<M>(), "describe() needs one field for each member");
  static const std::vector<Field> all = M::describe().fields;
  return all;
}

inline std::vector<Hyperparameter> hyperparameters_of(const std::vector<Field>& fields) {
  std::vector<Hyperparameter> all;
  for (const Field& f : fields) all.push_back(hyperparameter(f.name, f.default_value, f.range, f.help));
  return all;
}

// An M with these values, in the order of its fields.
template <class M>
M of_values(const std::vector<double>& values) {
  const std::vector<Field>& fields = fields_of<M>();
  M object;
  for (std::size_t i = 0; i < fields.size(); ++i) fields[i].set(&object, values[i]);
  return object;
}

// An M with the values given, the others with their defaults; throws as complete_values.
template <class M>
M with_values(const std::string& owner, const NamedValues& given) {
  return of_values<M>(complete_values(owner, hyperparameters_of(fields_of<M>()), given));
}

// Throws std::invalid_argument unless each member is in its range.
template <class M>
void check_values(const std::string& owner, const M& object) {
  for (const Field& f : fields_of<M>())
    check_value(owner, hyperparameter(f.name, f.default_value, f.range, f.help), f.get(&object));
}

// The number of that name, to be changed while the method runs; null if there is none.
template <class M>
double* number_of(M& object, std::string_view name) {
  for (const Field& f : fields_of<M>())
    if (f.name == name) return f.number ? f.number(&object) : nullptr;
  return nullptr;
}

}  // namespace gradus::settings
