#include "optim/optimizer.h"

#include <sstream>
#include <stdexcept>

namespace gradus::optim {
namespace {

struct ByteCounter final : StateVisitor {
  std::int64_t bytes = 0;
  void tensor(std::string_view, Tensor& value) override {
    if (value.defined()) bytes += static_cast<std::int64_t>(value.bytes());
  }
  void counter(std::string_view, std::int64_t&) override {}
  void number(std::string_view, double&) override {}
};

}  // namespace

const char* name_of(Reason reason) {
  switch (reason) {
    case Reason::stepped:
      return "stepped";
    case Reason::converged:
      return "converged";
    case Reason::negative_curvature:
      return "negative_curvature";
    case Reason::boundary:
      return "boundary";
    case Reason::iteration_limit:
      return "iteration_limit";
    case Reason::refused:
      return "refused";
    case Reason::no_progress:
      return "no_progress";
    case Reason::not_finite:
      return "not_finite";
  }
  return "?";
}

std::string reason_codes() {
  std::string text;
  for (int code = 0; code <= static_cast<int>(Reason::not_finite); ++code)
    text += (code > 0 ? ", " : "") + std::to_string(code) + " " + name_of(static_cast<Reason>(code));
  return text;
}

std::int64_t Optimizer::state_bytes() {
  ByteCounter counter;
  visit(counter);
  return counter.bytes;
}

std::unique_ptr<Optimizer> make_optimizer(const std::string& name, const NamedValues& hyperparameters,
                                          const RandomStream& stream) {
  const Method& chosen = method(name);
  settings::refuse_retired(name, chosen.about->retired, hyperparameters);
  return chosen.make(hyperparameters, stream);
}

}  // namespace gradus::optim
