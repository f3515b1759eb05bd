#include "tools/sweep/patience.h"

#include <fmt/format.h>

#include <cstdlib>

#include "experiments/records/program.h"
#include "experiments/records/text.h"
#include "settings/parse.h"

namespace gradus::sweep {
namespace {

std::chrono::milliseconds time_from(const char* variable, std::chrono::milliseconds usual) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return usual;
  const auto seconds = settings::number_in<double>(text);
  if (!seconds || !(*seconds >= 0.001 && *seconds <= 86400))
    throw records::UsageError(
        fmt::format("{}={}: expected seconds from 0.001 to 86400", variable, records::printable(text)));
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(*seconds));
}

}  // namespace

std::chrono::milliseconds answer_patience() { return time_from("GRADUS_SWEEP_PATIENCE", std::chrono::seconds(10)); }

std::chrono::milliseconds ending_grace() { return time_from("GRADUS_SWEEP_GRACE", std::chrono::seconds(5)); }

std::chrono::milliseconds claim_patience() { return time_from("GRADUS_SWEEP_CLAIM", std::chrono::minutes(10)); }

std::chrono::milliseconds silence_of_hosts() { return claim_patience() / 5; }

std::chrono::milliseconds first_pause() { return time_from("GRADUS_SWEEP_PAUSE", std::chrono::seconds(1)); }

std::chrono::milliseconds suggestion_patience() {
  return time_from("GRADUS_SWEEP_SUGGESTION", std::chrono::minutes(10));
}

std::chrono::milliseconds queue_interval() { return time_from("GRADUS_SWEEP_POLL", std::chrono::seconds(15)); }

std::chrono::milliseconds slurm_patience() { return time_from("GRADUS_SWEEP_OUTAGE", std::chrono::hours(24)); }

}  // namespace gradus::sweep
