// The element type of a tensor, chosen at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace gradus {

enum class DType : std::uint8_t { float32, float64, int32 };

constexpr std::size_t size_of(DType type) { return type == DType::float64 ? 8 : 4; }

constexpr const char* name_of(DType type) {
  return type == DType::float32 ? "float32" : type == DType::float64 ? "float64" : "int32";
}

// "float32" or "float64"; throws std::invalid_argument for anything else.
inline DType floating_dtype(const std::string& name) {
  if (name == "float32") return DType::float32;
  if (name == "float64") return DType::float64;
  throw std::invalid_argument("unknown element type '" + name + "': expected float32 or float64");
}

template <class T>
constexpr DType dtype_of() {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, std::int32_t>);
  return std::is_same_v<T, float> ? DType::float32 : std::is_same_v<T, double> ? DType::float64 : DType::int32;
}

// Calls f with a value of the C++ type that a floating-point element type stands for: f(float{}) or f(double{}).
template <class F>
decltype(auto) with_floating(DType type, F&& f) {
  switch (type) {
    case DType::float32:
      return f(float{});
    case DType::float64:
      return f(double{});
    case DType::int32:
      break;
  }
  throw std::invalid_argument("element type int32 where float32 or float64 was expected");
}

}  // namespace gradus
