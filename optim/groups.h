// Other hyperparameters for parts of theta: by a pattern for the names of slices, or by a tag.
//
// Written as text:  "@bias learning_rate=0.1; *.norm.* weight_decay=0 beta1=0.8"
// Groups are separated by semicolons. Each begins with a selector: @TAG, or a pattern for the whole name, in which *
// stands for any characters and ? for one; then come settings NAME=VALUE. A slice belongs to the first group that
// selects it; what none selects has the recipe's own values. There are no commas or colons in it, which mean something
// in a sweep.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "optim/optimizer.h"

namespace gradus::optim {

struct Group {
  std::string selector;
  NamedValues values;
  bool operator==(const Group&) const = default;
};

// Throws std::invalid_argument with what is wrong.
std::vector<Group> parse_groups(std::string_view text);
// Whether a selector takes a slice.
bool selects(std::string_view selector, const ParameterSlice& slice);

// One instance of a method for each group and one for the rest, each on the vector of its own slices; they share one
// gradient. Methods that look at all of theta look at all of a group's. State is named "group.SELECTOR.PIECE", that of
// the rest "PIECE". Where a group's slices lie apart, they are copied into one vector and back.
class Grouped final : public Optimizer {
 public:
  struct Part {
    std::string selector;  // empty: the rest
    std::unique_ptr<Optimizer> optimizer;
  };
  // The rest comes last.
  Grouped(std::string method, std::vector<Part> parts);
  ~Grouped() override;

  // Throws std::invalid_argument if a group selects no slice.
  void check(const Objective& objective) override { bind(objective); }
  StepReport step(Objective& objective, const Tensor& theta) override;
  void visit(StateVisitor& visitor) override;
  Tensor evaluation_point(const Tensor& theta) override;
  void observe(double held_out_loss) override;
  // Where all groups have the same threshold.
  std::optional<Stability> stability() override;

 private:
  class View;  // the objective as one group sees it
  void bind(const Objective& objective);

  std::string method_;
  std::vector<Part> parts_;
  std::vector<std::unique_ptr<View>> views_;
  std::shared_ptr<const void> known_;  // the objective of the views
  std::int64_t size_ = 0;              // of theta
};

}  // namespace gradus::optim
