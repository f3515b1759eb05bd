#include "experiments/lab/arithmetic.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "autodiff/kernels/products.h"
#include "autodiff/kernels/simd.h"
#include "experiments/records/executable.h"

namespace gradus::lab {
namespace {

std::string text_of(const nlohmann::json& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  return text.size() > 40 ? text.substr(0, 12) + ".." : text;
}

}  // namespace

nlohmann::json arithmetic() {
  return {{"build", records::executable_sha256()},
          {"instructions", simd::name_of(simd::level())},
          {"products", kernels::product_library_version()},
          {"caches", kernels::cache_sizes()},
          {"threads", kernels::threads()}};
}

std::string difference_of_arithmetic(const nlohmann::json& theirs, const nlohmann::json& here) {
  std::string text;
  for (const auto& [name, value] : here.items()) {
    const nlohmann::json other = theirs.value(name, nlohmann::json());
    if (other != value)
      text += fmt::format("{}{} {}, here {}", text.empty() ? "" : "; ", name, text_of(other), text_of(value));
  }
  return text;
}

}  // namespace gradus::lab
