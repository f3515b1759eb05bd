#include "experiments/lab/fingerprint.h"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdexcept>

#include "experiments/lab/origin.h"
#include "experiments/lab/run.h"
#include "experiments/records/completion.h"
#include "experiments/records/log_contents.h"

namespace gradus::lab {
namespace {

constexpr const char* table_name = "fingerprint";

std::uint64_t joined(double high, double low) {
  return static_cast<std::uint64_t>(high) << 32 | static_cast<std::uint64_t>(low);
}

}  // namespace

Fingerprint::Fingerprint(Run& run) : every_(run.fingerprint_interval()) {
  if (run.again()) expect(*run.again());
  if (every_ > 0)
    table_ =
        &run.table(table_name,
                   {{.name = "high", .long_name = "upper 32 bits of the parameters' chained hash", .draw = Draw::none},
                    {.name = "low", .long_name = "lower 32 bits", .draw = Draw::none}},
                   {.name = "step"});
}

// As often as that run has them: each is of the one before.
void Fingerprint::expect(const Again& again) {
  expected_of_ = again.of.string();
  for (const records::MetricTable& table : records::read_metric_log(again.of / records::log_file).tables)
    if (table.name() == table_name)
      for (std::int64_t i = 0; i < table.rows(); ++i) {
        const std::vector<double> row = table.row(i);
        expected_.emplace(table.index()[static_cast<std::size_t>(i)], joined(row[0], row[1]));
      }
  if (expected_.empty() && again.must_compare)
    throw std::runtime_error(fmt::format("--replay={}: that run has no fingerprints to compare with", expected_of_));
  const auto second = expected_.upper_bound(0);
  every_ = second != expected_.end() ? second->first : expected_.empty() ? 0 : every_;
}

void Fingerprint::visit(optim::StateVisitor& visitor) {
  visitor.whole("chain", chain_);
  visitor.counter("every", every_);
}

std::uint64_t Fingerprint::hash(const Tensor& theta) const {
  return XXH3_64bits_withSeed(theta.raw(), static_cast<std::size_t>(theta.bytes()), chain_);
}

void Fingerprint::write(std::int64_t step, std::uint64_t hash) {
  table_->append(step, {static_cast<double>(hash >> 32), static_cast<double>(hash & 0xFFFFFFFFu)});
  const auto expected = expected_.find(step);
  if (expected != expected_.end() && expected->second != hash)
    throw std::runtime_error(fmt::format(
        "after step {} the parameters are not those of the run in {}: its fingerprint is {:016x}, here {:016x}", step,
        expected_of_, expected->second, hash));
}

void Fingerprint::look(std::int64_t step, const Tensor& theta) {
  if (!table_ || every_ == 0 || step % every_ != 0) return;
  chain_ = hash(theta);
  write(step, chain_);
}

void Fingerprint::look_last(std::int64_t step, const Tensor& theta) {
  const bool ends_before = !expected_.empty() && !expected_.contains(step);  // than the run that is computed again
  if (table_ && every_ > 0 && step % every_ != 0 && !ends_before) write(step, hash(theta));
}

}  // namespace gradus::lab
