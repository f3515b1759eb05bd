// A sweep's specification in a TOML file:
//
//   program = "optimizer_comparison"       # beside the sweep tool; with a slash, a path from the current directory
//   limit = 100                            # optional: the first so many combinations
//   draws = {count = 32, seed = 7, method = "sobol"}   # of drawn options; seed 0 and method "random" unless given
//   stopping = {rule = "asha", by = "evaluation/validation_accuracy", first = 250, factor = 4, last = 4000}
//   [options]                              # of every run: scalars, arrays, or strings with lists, ranges or a draw
//   seed = "0:4"
//   learning_rate = "log_uniform(1e-4,1)"
//   [[zip]]                                # options whose lists run together
//   width = [64, 128]
//   depth = [2, 4]
//   [[when]]                               # options that only some combinations have
//   if = {optimizer = "sgd"}
//   options = {momentum = [0, 0.9]}
//   [[exclude]]                            # combinations that are left out; a list is any of its values
//   optimizer = "adam"
//   width = 128
//   [[group]]                              # optional; each group is a grid of its own, over all of the above and these
//   optimizer = "sgd"                      # (it may have draws of its own)
//   batch_size = [32, 64]
//
// or, with stages, of which each has what stands above but the program, and [options] and draws at the top are for all:
//
//   [[stage]]
//   name = "tune"
//   select = {by = "evaluation/validation_loss", per = ["optimizer"]}   # whose winner is "{tune}" in a later stage
//   [stage.options]
//   ...
//
// Variants of it ([variant.NAME]) are told of in variants.h.
#pragma once

#include <filesystem>

#include "tools/sweep/specification.h"

namespace gradus::sweep {

// The specification, or its variant of this name. The path is for messages. Throws UsageError with the file and line
// for text that is not such a specification.
Specification parse_toml(const std::string& text, const std::filesystem::path& path, const std::string& variant = {});
// The file's text. Throws UsageError when it cannot be read.
std::string read_toml(const std::filesystem::path& path);

}  // namespace gradus::sweep
