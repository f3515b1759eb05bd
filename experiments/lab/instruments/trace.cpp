#include "experiments/lab/instruments/trace.h"

#include "autodiff/curvature/trace.h"
#include "experiments/lab/instruments/watched_examples.h"

namespace gradus::lab {
namespace {

class TraceInstrument final : public Instrument {
 public:
  explicit TraceInstrument(const TraceOptions& options)
      : Instrument("trace", options.every), options_(options), examples_(options.examples) {}

 protected:
  std::vector<records::Column> columns(const Watched&) override {
    return {{.name = "trace", .long_name = "trace of the Hessian"},
            {.name = "standard_error",
             .long_name = "of the trace, over its random probes",
             .better = records::Better::lower,
             .draw = records::Draw::none}};
  }
  void measure(const Moment& at, std::vector<double>& row) override {
    examples_.give(at);
    RandomStream probes = random(at);
    const TraceEstimate estimate = hutchinson_trace(
        optim::require(at.objective, &optim::Curvature::hessian, "instrument trace"), options_.probes, probes);
    row = {estimate.value, estimate.standard_error};
  }

 private:
  TraceOptions options_;
  WatchedExamples examples_;
};

}  // namespace

std::shared_ptr<Instrument> trace(const TraceOptions& options) { return std::make_shared<TraceInstrument>(options); }

}  // namespace gradus::lab
