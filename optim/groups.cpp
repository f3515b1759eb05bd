#include "optim/groups.h"

#include <fmt/format.h>

#include <stdexcept>

#include "optim/first_order.h"
#include "optim/wrapper.h"
#include "settings/parse.h"

namespace gradus::optim {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The parts between separators, without blanks around them; empty ones are left out.
std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(separator, start), text.size());
    if (const std::string_view part = trimmed(text.substr(start, end - start)); !part.empty()) parts.push_back(part);
    start = end + 1;
  }
  return parts;
}

GivenValue value_of(std::string_view text) {
  if (text == "true" || text == "false") return text == "true" ? 1.0 : 0.0;
  if (const auto number = settings::number_in<double>(text)) return *number;
  return std::string(text);
}

bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = pattern.npos, retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != pattern.npos) {
      p = star + 1;  // the star takes one character more
      n = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

std::vector<Group> parse_groups(std::string_view text) {
  std::vector<Group> groups;
  for (const std::string_view part : parts_of(text, ';')) {
    const std::string complaint = "groups: '" + std::string(part) + "': ";
    const std::vector<std::string_view> words = parts_of(part, ' ');
    Group group{std::string(words[0]), {}};
    if (group.selector.find('=') != std::string::npos || group.selector == "@")
      throw std::invalid_argument(fmt::format("{}expected @TAG or a pattern for names, then NAME=VALUE", complaint));
    if (group.selector.find('/') != std::string::npos)
      throw std::invalid_argument(
          fmt::format("{}a selector has no '/'", complaint));  // which means something in state files
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::size_t equals = words[i].find('=');
      if (equals == 0 || equals == words[i].npos || equals + 1 == words[i].size())
        throw std::invalid_argument(fmt::format("{}'{}': expected NAME=VALUE", complaint, words[i]));
      std::string name(words[i].substr(0, equals));
      for (char& c : name) c = c == '-' ? '_' : c;
      for (const auto& [known, value] : group.values)
        if (known == name) throw std::invalid_argument(fmt::format("{}{} is given twice", complaint, name));
      group.values.emplace_back(std::move(name), value_of(words[i].substr(equals + 1)));
    }
    if (group.values.empty())
      throw std::invalid_argument(fmt::format("{}expected NAME=VALUE after the selector", complaint));
    for (const Group& other : groups)
      if (other.selector == group.selector)
        throw std::invalid_argument(fmt::format("{}this selector is there twice", complaint));
    groups.push_back(std::move(group));
  }
  return groups;
}

bool selects(std::string_view selector, const ParameterSlice& slice) {
  if (selector.starts_with('@')) return slice.has_tag(selector.substr(1));
  return matches(selector, slice.name);
}

// A group's slices of theta and of the gradient, as vectors of their own.
class Grouped::View final : public Objective {
 public:
  explicit View(DType type) : type_(type) {}
  void add(const ParameterSlice& slice) {
    const bool follows = !runs_.empty() && runs_.back().offset + runs_.back().size == slice.offset;
    if (follows)
      runs_.back().size += slice.size();
    else
      runs_.push_back({slice.offset, slice.size()});
    slices_.push_back({slice.name, slice.shape, size_, slice.tags});
    size_ += slice.size();
  }

  std::int64_t size() const override { return size_; }
  DType dtype() const override { return type_; }
  const Costs& costs() const override { return outer_->costs(); }
  std::span<const ParameterSlice> slices() const override { return slices_; }

  // The part of theta, with the answers at theta to give; to be given back by finish.
  const Tensor& begin(Objective& outer, const Tensor& theta, const Tensor& gradient, double value) {
    outer_ = &outer;
    value_ = value;
    gather(theta, theta_);
    gather(gradient, gradient_);
    return theta_;
  }
  void finish(const Tensor& theta) const { scatter(theta_, theta); }
  void gather(const Tensor& whole, Tensor& part) const {
    if (runs_.size() == 1) {
      part = whole.part(runs_[0].offset, {size_});
      return;
    }
    if (!part.defined()) part = Tensor::uninitialized({size_}, type_);
    std::int64_t at = 0;
    for (const auto& [offset, size] : runs_) {
      part.part(at, {size}).copy_from(whole.part(offset, {size}));
      at += size;
    }
  }
  void scatter(const Tensor& part, const Tensor& whole) const {
    std::int64_t at = 0;
    for (const auto& [offset, size] : runs_) {
      const Tensor to = whole.part(offset, {size});
      if (to.raw() != part.part(at, {size}).raw()) to.copy_from(part.part(at, {size}));
      at += size;
    }
  }

 protected:
  double compute_value(const Tensor&) override { return value_; }
  double compute_gradient(const Tensor&, const Tensor& gradient) override {
    gradient.copy_from(gradient_);
    return value_;
  }

 private:
  struct Run {
    std::int64_t offset = 0, size = 0;
  };
  DType type_;
  std::int64_t size_ = 0;
  std::vector<Run> runs_;
  std::vector<ParameterSlice> slices_;
  Objective* outer_ = nullptr;
  double value_ = 0;
  Tensor theta_, gradient_;
};

Grouped::Grouped(std::string method, std::vector<Part> parts) : method_(std::move(method)), parts_(std::move(parts)) {}
Grouped::~Grouped() = default;

void Grouped::bind(const Objective& objective) {
  if (known_ == objective.identity()) return;
  const std::span<const ParameterSlice> slices = objective.slices();
  std::vector<std::unique_ptr<View>> views;
  for (std::size_t i = 0; i < parts_.size(); ++i) views.push_back(std::make_unique<View>(objective.dtype()));
  std::string names;
  for (const ParameterSlice& slice : slices) {
    std::size_t i = 0;
    while (i + 1 < parts_.size() && !selects(parts_[i].selector, slice)) ++i;
    views[i]->add(slice);
    names += (names.empty() ? "" : ", ") + slice.name;
    for (const std::string& tag : slice.tags) names += " @" + tag;
  }
  for (std::size_t i = 0; i + 1 < parts_.size(); ++i)
    if (views[i]->size() == 0)
      throw std::invalid_argument(fmt::format(
          "groups: {} selects none of the parameters (that no group before it has): {}", parts_[i].selector, names));
  views_ = std::move(views);
  size_ = objective.size();
  known_ = objective.identity();
}

StepReport Grouped::step(Objective& objective, const Tensor& theta) {
  bind(objective);
  StepReport report;
  if (!begin_step(objective, theta, report)) return report;  // for one group it is for none
  const Tensor& gradient = objective.gradient();
  const double value = report.loss;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    View& view = *views_[i];
    if (view.size() == 0) continue;
    parts_[i].optimizer->step(view, view.begin(objective, theta, gradient, value));
    view.finish(theta);
  }
  return report;
}

void Grouped::visit(StateVisitor& visitor) {
  for (Part& part : parts_) {
    if (part.selector.empty()) {
      part.optimizer->visit(visitor);
      continue;
    }
    PrefixedVisitor own(visitor, "group." + part.selector + ".");
    part.optimizer->visit(own);
  }
}

Tensor Grouped::evaluation_point(const Tensor& theta) {
  if (views_.empty()) return theta;
  Tensor result = theta;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (views_[i]->size() == 0) continue;
    Tensor part;
    views_[i]->gather(theta, part);
    const Tensor point = parts_[i].optimizer->evaluation_point(part);
    if (point.raw() == part.raw()) continue;
    if (result.raw() == theta.raw()) result = theta.clone();
    views_[i]->scatter(point, result);
  }
  return result;
}

std::optional<Stability> Grouped::stability() {
  std::optional<Stability> all;
  for (std::size_t i = 0; i < views_.size(); ++i) {
    if (views_[i]->size() == 0) continue;
    const auto part = parts_[i].optimizer->stability();
    if (!part || (all && (part->threshold != all->threshold || part->turn != all->turn))) return std::nullopt;
    if (!all) all = Stability{part->threshold, {}, part->turn};
    if (!part->preconditioner.defined()) continue;
    if (!all->preconditioner.defined())
      all->preconditioner = Tensor::uninitialized({size_}, part->preconditioner.dtype());
    views_[i]->scatter(part->preconditioner, all->preconditioner);
  }
  return all;
}

void Grouped::observe(double held_out_loss) {
  for (Part& part : parts_) part.optimizer->observe(held_out_loss);
}

}  // namespace gradus::optim
