#include "experiments/lab/instruments/memory.h"

namespace gradus::lab {
namespace {

class MemoryInstrument final : public Instrument {
 public:
  explicit MemoryInstrument(const MemoryOptions& options) : Instrument("memory", options.every) {}

 protected:
  std::vector<records::Column> columns(const Watched&) override {
    const auto bytes = [](const char* name, const char* long_name) {
      return records::Column{.name = name, .units = "byte", .long_name = long_name, .better = records::Better::lower};
    };
    return {bytes("tape", "values and derivatives of a gradient"), bytes("batch", "inputs and targets of the batch"),
            bytes("parameters", "parameters and their gradient"), bytes("state", "state of the method"),
            bytes("total", "all that a step holds")};
  }
  void measure(const Moment& at, std::vector<double>& row) override {
    at.objective.gradient();
    const auto tape = static_cast<double>(at.objective.bytes_used());
    const auto batch = static_cast<double>(at.batch.inputs.bytes() + at.batch.targets.bytes());
    const auto parameters = 2 * static_cast<double>(at.before.bytes());
    const auto state = static_cast<double>(at.optimizer.state_bytes());
    row = {tape, batch, parameters, state, tape + batch + parameters + state};
  }
};

}  // namespace

std::shared_ptr<Instrument> memory(const MemoryOptions& options) { return std::make_shared<MemoryInstrument>(options); }

}  // namespace gradus::lab
