// Whole numbers in JSON from outside. The library's own conversion cuts others to size, and is undefined for 1e300.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "experiments/records/text.h"

namespace gradus::records {

// Throws std::invalid_argument for anything but a whole number that the type holds.
template <class Integer>
Integer whole_number(const nlohmann::json& value) {
  if (value.is_number_unsigned() && std::in_range<Integer>(value.get<std::uint64_t>()))
    return static_cast<Integer>(value.get<std::uint64_t>());
  if (value.is_number_integer() && !value.is_number_unsigned() && std::in_range<Integer>(value.get<std::int64_t>()))
    return static_cast<Integer>(value.get<std::int64_t>());
  throw std::invalid_argument("expected a whole number, not " +
                              printable(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), 60));
}

// Of an object's member; the usual one where it has none of this name.
template <class Integer>
Integer whole_number(const nlohmann::json& object, const char* name, Integer usual) {
  if (!object.is_object()) throw std::invalid_argument("expected an object");
  const auto found = object.find(name);
  return found == object.end() ? usual : whole_number<Integer>(*found);
}

}  // namespace gradus::records
