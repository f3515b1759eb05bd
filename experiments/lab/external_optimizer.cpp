#include "experiments/lab/external_optimizer.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>

#include "autodiff/tensor/vectors.h"
#include "experiments/lab/bytes_as_numbers.h"
#include "experiments/lab/diverged.h"
#include "experiments/lab/saved_state_file.h"
#include "experiments/records/program.h"
#include "experiments/records/text.h"
#include "optim/first_order.h"
#include "process/piped_program.h"

namespace gradus::lab {
namespace {

using Bytes = std::span<const std::byte>;

constexpr int protocol = 1;
constexpr std::uint64_t longest_text = 1 << 16, longest_state = std::uint64_t{1} << 40;
constexpr std::chrono::seconds patience_at_the_end(5);

// What precedes every message, in either direction.
struct MessageHead {
  std::array<char, 8> kind;  // padded by blanks
  std::uint64_t size;        // bytes that follow
};
static_assert(sizeof(MessageHead) == 16);

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
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

// The messages of docs/external.md.
class ExternalProgram {
 public:
  explicit ExternalProgram(const std::string& command) : command_(command), program_(command) {}
  ~ExternalProgram() {
    const std::string problem = program_.end(has_failed_ ? std::chrono::seconds(0) : patience_at_the_end);
    if (!problem.empty() && !has_failed_)
      records::complain(external_name, name() + " " + problem + ", after the last step");
  }
  ExternalProgram(const ExternalProgram&) = delete;
  ExternalProgram& operator=(const ExternalProgram&) = delete;

  // Returns whether it saves its state.
  bool start(const optim::Objective& objective, const Tensor& theta) {
    tell("start", {bytes_of(header_of(objective))});
    tell("theta", {bytes_of(theta)});
    const std::vector<std::byte> text = answer("ready", longest_text);
    const auto* begin = reinterpret_cast<const char*>(text.data());
    try {
      return nlohmann::json::parse(begin, begin + text.size()).at("saves").get<bool>();
    } catch (const nlohmann::json::exception&) {
      fail(fmt::format("answered 'ready' with '{}', expected {{\"saves\": true}} or {{\"saves\": false}}",
                       records::printable(std::string(begin, text.size()), 60)));
    }
  }
  void step(double loss, const Tensor& theta, const Tensor& gradient, const Tensor& next) {
    tell("step", {std::as_bytes(std::span(&loss, 1)), bytes_of(theta), bytes_of(gradient)});
    const std::uint64_t size = answer_head("theta");
    if (size != next.bytes()) fail(fmt::format("answered {} bytes of theta, expected {}", size, next.bytes()));
    receive({static_cast<std::byte*>(next.raw()), next.bytes()});
  }
  std::vector<std::byte> save() {
    tell("save", {});
    return answer("state", longest_state);
  }
  void load(Bytes state) {
    tell("load", {state});
    answer("ready", longest_text);
  }

  // What it did, after its name.
  [[noreturn]] void fail(const std::string& what) {
    has_failed_ = true;  // which says all that is to be said of it
    throw std::runtime_error(name() + " " + what);
  }
  std::string name() const { return fmt::format("the optimizer '{}'", records::printable(command_, 200)); }

 private:
  void tell(std::string_view kind, std::initializer_list<Bytes> parts) {
    MessageHead head{{}, 0};
    head.kind.fill(' ');
    std::copy(kind.begin(), kind.end(), head.kind.begin());
    for (const Bytes part : parts) head.size += part.size();
    talk([&] {
      program_.send(std::as_bytes(std::span(&head, 1)));
      for (const Bytes part : parts) program_.send(part);
    });
  }
  void receive(std::span<std::byte> bytes) {
    talk([&] { program_.receive(bytes); });
  }
  std::uint64_t answer_head(std::string_view expected) {
    MessageHead head;
    receive(std::as_writable_bytes(std::span(&head, 1)));
    std::string kind(head.kind.begin(), head.kind.end());
    kind.erase(kind.find_last_not_of(' ') + 1);
    if (kind == "error") {
      std::string text(std::min(head.size, longest_text), ' ');
      receive(std::as_writable_bytes(std::span(text)));
      fail("says: " + records::printable(text, 400));
    }
    if (kind != expected)
      fail(fmt::format("answered '{}', expected '{}' or 'error'", records::printable(kind), expected));
    return head.size;
  }
  std::vector<std::byte> answer(std::string_view expected, std::uint64_t most) {
    const std::uint64_t size = answer_head(expected);
    if (size > most) fail(fmt::format("answered {} bytes of '{}', expected at most {}", size, expected, most));
    std::vector<std::byte> bytes(size);
    receive(bytes);
    return bytes;
  }
  template <class Talk>
  void talk(const Talk& talk) {
    try {
      talk();
    } catch (const std::runtime_error& error) {
      fail(error.what());
    }
  }

  std::string command_;
  PipedProgram program_;
  bool has_failed_ = false;
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
      program_->step(report.loss, theta, objective.gradient(), next);
      for (const ParameterSlice& slice : objective.slices())
        if (!vectors::is_finite(next.part(slice.offset, Shape{slice.size()})))
          throw Diverged(fmt::format("{} answered a theta that is not finite in {}, at its step {}", program_->name(),
                                     slice.name, steps_ + 1));
    });
    theta.copy_from(next);
    ++steps_;
    return report;
  }

  void visit(optim::StateVisitor& visitor) override {
    if (!failure_.empty()) throw std::runtime_error(failure_);
    if (program_ && !is_state_known_ && external_->why_not_kept.empty())
      guarded([&] {
        const std::vector<std::byte> bytes = program_->save();
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
    const bool saves = program_->start(objective, theta);
    if (!saves) external_->why_not_kept = fmt::format("{} saves no state: the run has no checkpoint", program_->name());
    if (!state_.defined()) return;
    if (!saves) program_->fail("saves no state, and is to go on from one");
    program_->load(bytes_of_numbers(state_, static_cast<std::size_t>(size_)));
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
