// What the bits of a run's numbers depend on beside its options and its program.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace gradus::lab {

// {"build", "instructions", "products", "caches", "threads"}: of this process, as it computes now. GRADUS_SIMD,
// GRADUS_PRODUCTS, GRADUS_CACHES and --threads pin all but the build.
nlohmann::json arithmetic();
// Where two differ: "instructions avx512, here avx2"; empty where they do not.
std::string difference_of_arithmetic(const nlohmann::json& theirs, const nlohmann::json& here);

}  // namespace gradus::lab
