#include "experiments/lab/external_optimizer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "autodiff/tensor/vectors.h"
#include "experiments/lab/bytes_as_numbers.h"
#include "experiments/lab/diverged.h"
#include "experiments/lab/external_messages.h"
#include "experiments/lab/saved_state_file.h"
#include "experiments/records/program.h"
#include "experiments/records/text.h"
#include "optim/first_order.h"
#include "process/piped_program.h"

namespace gradus::lab {
namespace {

using Bytes = ExternalMessages::Bytes;

constexpr int protocol = 1;
constexpr std::chrono::seconds patience_at_the_end(5);

Bytes bytes_of(const Tensor& tensor) { return {static_cast<const std::byte*>(tensor.raw()), tensor.bytes()}; }

std::string header_of(const optim::Objective& objective) {
  nlohmann::json header{{"protocol", protocol},
                        {"dtype", name_of(objective.dtype())},
                        {"size", objective.size()},
                        {"slices", nlohmann::json::array()}};
  for (const ParameterSlice& slice : objective.slices())
    header["slices"].push_back(
        {{"name", slice.name}, {"shape", extents_of(slice.shape)}, {"offset", slice.offset}, {"tags", slice.tags}});
  return header.dump();
}

// The program that runs, and what it is told and asked.
class ExternalProgram {
 public:
  explicit ExternalProgram(const std::string& command)
      : program_(command),
        messages_(fmt::format("the optimizer '{}'", records::printable(command, 200)),
                  {[this](Bytes bytes) { program_.send(bytes); },
                   [this](std::span<std::byte> bytes) { program_.receive(bytes); }}) {}
  ~ExternalProgram() {
    const bool has_failed = messages_.has_failed();
    const std::string problem = program_.end(has_failed ? std::chrono::seconds(0) : patience_at_the_end);
    if (!problem.empty() && !has_failed)
      records::complain(external_name, messages_.name() + " " + problem + ", after the last step");
  }
  ExternalProgram(const ExternalProgram&) = delete;
  ExternalProgram& operator=(const ExternalProgram&) = delete;

  ExternalMessages& messages() { return messages_; }

 private:
  PipedProgram program_;
  ExternalMessages messages_;
};

class ExternalOptimizer final : public optim::Optimizer {
 public:
  explicit ExternalOptimizer(std::shared_ptr<ExternalCommand> external) : external_(std::move(external)) {}

  optim::StepReport step(optim::Objective& objective, const Tensor& theta) override {
    optim::StepReport report;
    if (!optim::begin_step(objective, theta, report)) return report;
    const Tensor& next = vectors::shaped(next_, theta.shape(), theta.dtype());
    guarded([&] {
      if (!program_) start(objective, theta);
      is_state_known_ = false;
      program_->messages().step(report.loss, bytes_of(theta), bytes_of(objective.gradient()),
                                {static_cast<std::byte*>(next.raw()), next.bytes()});
      for (const ParameterSlice& slice : objective.slices())
        if (!vectors::is_finite(next.part(slice.offset, Shape{slice.size()})))
          throw Diverged(fmt::format("{} answered a theta that is not finite in {}, at its step {}",
                                     program_->messages().name(), slice.name, steps_ + 1));
    });
    theta.copy_from(next);
    ++steps_;
    return report;
  }

  void visit(optim::StateVisitor& visitor) override {
    if (!failure_.empty()) throw std::runtime_error(failure_);
    if (program_ && !is_state_known_ && external_->why_not_kept.empty())
      guarded([&] {
        const std::vector<std::byte> bytes = program_->messages().save();
        size_ = static_cast<std::int64_t>(bytes.size());
        state_ = numbers_of(bytes);
        is_state_known_ = true;
      });
    const void* const before = state_.raw();
    const std::int64_t steps_before = steps_;
    visitor.counter("steps", steps_);
    visitor.counter("program_state_size", size_);
    visitor.tensor("program_state", state_);
    if (state_.raw() != before || steps_ != steps_before) program_.reset();  // it was restored: one begins anew with it
  }

 private:
  void start(const optim::Objective& objective, const Tensor& theta) {
    program_.emplace(external_->command);
    ExternalMessages& messages = program_->messages();
    const bool saves = messages.start(header_of(objective), bytes_of(theta));
    if (!saves) external_->why_not_kept = fmt::format("{} saves no state: the run has no checkpoint", messages.name());
    if (!state_.defined()) return;
    if (!saves) messages.fail("saves no state, and is to go on from one");
    messages.load(bytes_of_numbers(state_, size_));
  }
  // After a failure there is no state to be saved: theta and it would not belong together.
  template <class Work>
  void guarded(const Work& work) {
    if (!failure_.empty()) throw std::runtime_error(failure_);
    try {
      work();
    } catch (const std::exception& error) {
      failure_ = error.what();
      throw;
    }
  }

  std::shared_ptr<ExternalCommand> external_;
  std::optional<ExternalProgram> program_;
  Tensor next_, state_;  // the state as numbers
  std::int64_t steps_ = 0, size_ = 0;
  bool is_state_known_ = false;  // of the program as it is
  std::string failure_;
};

// So that it has a description as every method has.
struct External {
  static constexpr optim::Description describe() {
    return {external_name,
            "another program: docs/external.md",
            R"(
            theta <- what the program answers to loss, theta and g
            )",
            R"(
            --external-command is the program, as for sh -c. It has no hyperparameters of ours, hence no schedules and
            no groups; wrappers go around it. Its time is not the method's: such a run says of itself that it is
            untimed.
            )",
            {}};
  }
};

}  // namespace

std::shared_ptr<const optim::Method> external_method(std::shared_ptr<ExternalCommand> external) {
  auto method = std::make_shared<optim::Method>(optim::Method{optim::entry_of<External>()});
  if (external) method->source = external->command;
  method->family = optim::Family::layerwise;
  method->make = [external](const optim::NamedValues&, const RandomStream&) -> std::unique_ptr<optim::Optimizer> {
    return std::make_unique<ExternalOptimizer>(external);
  };
  return method;
}

}  // namespace gradus::lab
