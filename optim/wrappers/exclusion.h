// The parts of theta that a penalty or a decay leaves alone, by tag.
#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "optim/description.h"
#include "optim/objective.h"

namespace gradus::optim {

// Parameters with one of these tags are left alone.
enum class Excluded { none, bias, norm, bias_and_norm, bias_norm_and_embedding };
inline constexpr std::string_view excluded_names[] = {"none", "bias", "norm", "bias+norm", "bias+norm+embedding"};

// The hyperparameter that says so.
template <auto Member>
constexpr settings::Field exclusion() {
  const settings::Range names = one_of({"none", "bias", "norm", "bias+norm", "bias+norm+embedding"});
  return field<Member>(names, "parameters with one of these tags are left alone");
}

// The ranges of theta that are not excluded.
class Selection {
 public:
  struct Range {
    std::int64_t offset = 0, size = 0;
  };
  // `owner` and `option` serve messages; `excluded` is the hyperparameter's value.
  Selection(std::string owner, std::string option, Excluded excluded)
      : owner_(std::move(owner)), option_(std::move(option)), text_(excluded_names[static_cast<int>(excluded)]) {
    for (std::size_t start = 0; text_ != "none" && start <= text_.size();) {
      const std::size_t end = std::min(text_.find('+', start), text_.size());
      tags_.push_back(text_.substr(start, end - start));
      start = end + 1;
    }
  }

  // Allocates only when the objective is another one than before. Throws std::invalid_argument where tags are
  // given and no slice has any of them.
  const std::vector<Range>& ranges(const Objective& objective) {
    if (known_ == objective.identity()) return ranges_;
    known_ = objective.identity();
    ranges_.clear();
    bool any = tags_.empty();
    for (const ParameterSlice& slice : objective.slices()) {
      const bool out =
          std::any_of(tags_.begin(), tags_.end(), [&](const std::string& tag) { return slice.has_tag(tag); });
      any = any || out;
      if (out) continue;
      if (!ranges_.empty() && ranges_.back().offset + ranges_.back().size == slice.offset)
        ranges_.back().size += slice.size();
      else
        ranges_.push_back({slice.offset, slice.size()});
    }
    if (!any) {
      known_.reset();
      throw std::invalid_argument(owner_ + ": " + option_ + " = " + text_ +
                                  ": no parameter of this model has such a tag");
    }
    return ranges_;
  }

 private:
  std::string owner_, option_, text_;
  std::vector<std::string> tags_;
  std::vector<Range> ranges_;
  std::shared_ptr<const void> known_;  // the objective of the ranges
};

}  // namespace gradus::optim
