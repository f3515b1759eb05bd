// Variants of a specification: the same study, smaller or larger.
//
//   [variant.smoke.options]                # merged over [options]: what stands here replaces, the rest stays
//   budget_steps = 10
//   [variant.smoke.stage.tune]             # over the [[stage]] with this name
//   draws = {count = 2}
//
// A table is merged key by key; a value, a list, or a list of tables ([[variant.smoke.group]]) replaces the other.
#pragma once

#include <filesystem>
#include <string>

#include "tools/sweep/toml_library.h"

namespace gradus::sweep {

// The specification without its variants, after the one of this name (none: "") is merged over it. Throws UsageError
// for a variant that is not there, and for a stage that the specification does not have.
toml::table with_variant(toml::table specification, const std::string& name, const std::filesystem::path& path);

}  // namespace gradus::sweep
