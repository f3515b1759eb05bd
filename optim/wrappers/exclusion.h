// The parts of theta that a penalty or a decay leaves alone, by tag.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "optim/objective.h"
#include "optim/settings.h"

namespace gradus::optim {

// The hyperparameter that says so.
inline Hyperparameter exclusion(std::string name) {
  return choice(std::move(name), "none", {"none", "bias", "norm", "bias+norm", "bias+norm+embedding"},
                "parameters with one of these tags are left alone");
}

// The ranges of theta that are not excluded.
class Selection {
 public:
  struct Range {
    std::int64_t offset = 0, size = 0;
  };
  // `owner` and `option` serve messages; `excluded` is the hyperparameter's value.
  Selection(std::string owner, std::string option, const std::string& excluded)
      : owner_(std::move(owner)), option_(std::move(option)), text_(excluded) {
    for (std::size_t start = 0; text_ != "none" && start <= text_.size();) {
      const std::size_t end = std::min(text_.find('+', start), text_.size());
      tags_.push_back(text_.substr(start, end - start));
      start = end + 1;
    }
  }

  // Allocates only when the objective's slices are others than before. Throws std::invalid_argument where tags are
  // given and no slice has any of them.
  const std::vector<Range>& ranges(const Objective& objective) {
    const std::span<const Slice> slices = objective.slices();
    if (slices.data() == known_ && slices.size() == known_count_ && objective.size() == known_size_) return ranges_;
    known_ = slices.data(), known_count_ = slices.size(), known_size_ = objective.size();
    ranges_.clear();
    bool any = tags_.empty();
    for (const Slice& slice : slices) {
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
      known_ = nullptr;
      throw std::invalid_argument(owner_ + ": " + option_ + " = " + text_ +
                                  ": no parameter of this model has such a tag");
    }
    return ranges_;
  }

 private:
  std::string owner_, option_, text_;
  std::vector<std::string> tags_;
  std::vector<Range> ranges_;
  const Slice* known_ = nullptr;
  std::size_t known_count_ = 0;
  std::int64_t known_size_ = -1;
};

}  // namespace gradus::optim
